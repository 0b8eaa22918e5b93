import type { PoolConfig } from '@forescale/shared/config';

/** From `fromMs` on the offerings that match cost this; null matches any. */
export interface PriceChange {
  readonly instanceType: string;
  readonly region: string | null;
  readonly zone: string | null;
  readonly capacityType: 'on_demand' | 'spot';
  readonly fromMs: number;
  readonly usdPerHour: number;
}

/**
 * The pool as it is priced at a time: the offerings' own prices until the first change that is about them. Times
 * between two changes give the same object, so that whoever keeps it knows by identity whether prices have moved.
 */
export function pricedPool(pool: PoolConfig, changes: readonly PriceChange[]): (timeMs: number) => PoolConfig {
  if (changes.length === 0) return () => pool;
  const sorted = [...changes].sort((a, b) => a.fromMs - b.fromMs);
  const starts = [...new Set(sorted.map((change) => change.fromMs))];
  const pools: PoolConfig[] = [pool];
  for (const startMs of starts) {
    const now = sorted.filter((change) => change.fromMs === startMs);
    pools.push(withPrices(pools.at(-1) as PoolConfig, now));
  }
  return (timeMs) => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return pools[low] as PoolConfig;
  };
}

function withPrices(pool: PoolConfig, changes: readonly PriceChange[]): PoolConfig {
  const offerings = pool.offerings.map((offering) => {
    const change = changes.find(
      (one) =>
        one.instanceType === offering.instanceType &&
        one.capacityType === offering.capacityType &&
        (one.region ?? offering.region) === offering.region &&
        (one.zone ?? offering.zone) === offering.zone,
    );
    return change ? { ...offering, usdPerHour: change.usdPerHour } : offering;
  });
  return { ...pool, offerings };
}
