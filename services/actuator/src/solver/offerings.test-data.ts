import { seededRandom } from '@forescale/shared/time';

/** Offerings as clouds have them: 2 to 64 cores, 2 to 8 GiB a core, prices that grow with size but not evenly. */
export function offeringsFrom(seed: number, count: number): object[] {
  const random = seededRandom(seed);
  const one = <T>(values: readonly T[]) => values[Math.floor(random.next() * values.length)] as T;
  return Array.from({ length: count }, (_, i) => {
    const cpu = one([2, 4, 8, 16, 32, 48, 64]);
    const memory = cpu * one([2, 4, 8]);
    const isSpot = random.next() < 0.5;
    const usd = (0.035 * cpu + 0.004 * memory) * (0.8 + 0.4 * random.next()) * (isSpot ? 0.35 : 1);
    return {
      instance_type: `t${i}`,
      capacity_type: isSpot ? 'spot' : 'on_demand',
      ...(isSpot ? { interruption: one(['<5%', '5-10%', '10-15%', '15-20%', '>20%']) } : {}),
      usd_per_hour: Number(usd.toFixed(4)),
      allocatable: { cpu: String(cpu), memory: `${memory}Gi`, pods: Math.min(110, cpu * 15) },
    };
  });
}
