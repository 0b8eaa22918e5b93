import { plan } from '@forescale/actuator/plan';
import { NOW_MS, type Situation, type SituationName, situationOf } from './situation.ts';

/**
 * Plans before the clock counts: a running service has long been compiled, which the engine goes on with for some 150 plans.
 * The very first is told apart.
 */
const WARM_UP = 200;

export interface PlanTask {
  readonly nodes: number;
  readonly situation: SituationName;
  readonly repeats: number;
}

export interface PlanTimes {
  readonly firstMs: number;
  readonly wallMs: readonly number[];
  /** Of all threads, the garbage collector's included. */
  readonly cpuMs: readonly number[];
  /** The most memory that the process ever had, the cluster's picture included. */
  readonly rssMb: number;
}

// In a process of its own, so that memory and compiled code are those of one size and situation.
process.once('message', (task: PlanTask) => {
  process.send?.(measure(task));
  process.disconnect();
});

function measure({ nodes, situation: name, repeats }: PlanTask): PlanTimes {
  const situation = situationOf(name, nodes);
  const firstMs = timed(situation).wallMs;
  for (let i = 0; i < WARM_UP; i++) timed(situation);
  const runs = Array.from({ length: repeats }, () => timed(situation));
  return {
    firstMs,
    wallMs: runs.map((run) => run.wallMs),
    cpuMs: runs.map((run) => run.cpuMs),
    rssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
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
