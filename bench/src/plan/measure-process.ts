import { plan } from '@forescale/actuator/plan';
import { quantileSorted } from 'simple-statistics';
import { countsOf, NOW_MS, SITUATIONS, type Situation, type SituationName, situationOf } from './situation.ts';

/** Plans before the clock counts: a running service has long been compiled. The very first is told apart. */
const WARM_UP = 30;

/** What a size of cluster is measured with; `repeats` of each situation. */
export interface PlanTask {
  readonly nodes: number;
  readonly repeats: number;
}

/** Milliseconds of wall time, but for those of `cpu`, which are of all threads, the garbage collector's included. */
export type PlanRow = ReturnType<typeof measure>;

/** In a process of its own, so that the memory is that of one size. */
process.once('message', (task: PlanTask) => {
  process.send?.(measure(task));
  process.disconnect();
});

function measure({ nodes, repeats }: PlanTask) {
  let firstMs: number | null = null;
  const walls = new Map<SituationName, number[]>();
  const cpus: number[] = [];
  for (const name of SITUATIONS) {
    const situation = situationOf(name, nodes);
    firstMs ??= timed(situation).wallMs;
    for (let i = 0; i < WARM_UP; i++) timed(situation);
    const runs = Array.from({ length: repeats }, () => timed(situation));
    walls.set(
      name,
      runs.map((run) => run.wallMs),
    );
    cpus.push(...runs.map((run) => run.cpuMs));
  }
  const all = [...walls.values()].flat();
  const p99 = (name: SituationName) => at(walls.get(name) ?? [], 0.99);
  return {
    ...countsOf(nodes),
    p50_ms: at(all, 0.5),
    p99_ms: at(all, 0.99),
    /** The most that it ever was. */
    rss_mb: Math.round(process.resourceUsage().maxRSS / 1_024),
    first_ms: firstMs ?? 0,
    grow_p99_ms: p99('grow'),
    calm_p99_ms: p99('calm'),
    shrink_p99_ms: p99('shrink'),
    cpu_p50_ms: at(cpus, 0.5),
    cpu_p99_ms: at(cpus, 0.99),
    plans: all.length,
  };
}

function timed({ state, forecasts, pool }: Situation): { readonly wallMs: number; readonly cpuMs: number } {
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  plan(state, forecasts, pool, NOW_MS);
  const wallMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { wallMs, cpuMs: (user + system) / 1_000 };
}

function at(values: readonly number[], level: number): number {
  return Number(quantileSorted([...Float64Array.from(values).sort()], level).toFixed(3));
}
