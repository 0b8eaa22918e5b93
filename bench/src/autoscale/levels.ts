import { boundCurve } from '@forescale/simulator/replay';
import type { Load } from './replay-run.ts';
import type { Run } from './runs.ts';

/** Shares of the demand that may go unmet, at which policies are compared. */
export const LEVELS = [0.005, 0.002, 0.001] as const;

/** What a run came to. */
export interface Scored extends Run {
  readonly unmetDemandShare: number;
  readonly shortageTimeShare: number;
  readonly nodeSteps: number;
  /** Cost over that of the clairvoyant bound that leaves as much unmet. */
  readonly costRatio: number;
  readonly nodesCreated: number;
}

/** The least that a policy pays at a level of unmet demand, on one trace and boot. */
export interface Best {
  readonly trace: string;
  readonly bootSeconds: number;
  readonly level: number;
  /** The level, or the lowest that reactive reaches where that is more. */
  readonly unmet: number;
  readonly policy: string;
  /** Null: no setting reaches it. */
  readonly run: Scored | null;
  /** Its node-steps over the bound at `unmet`. */
  readonly ratio: number | null;
  /** What it pays beyond the bound, over what reactive does. */
  readonly excessOfReactive: number | null;
  /** The same; where no setting reaches the level, that of the one that leaves least unmet, over the bound there. */
  readonly excessCounted: number | null;
}

/** All policies at all levels on one trace and boot. */
export function bestOf(load: Load, scored: readonly Scored[]): Best[] {
  const demand = load.demand.values.subarray(load.scoredFrom);
  const total = demand.reduce((sum, value) => sum + value, 0);
  const boundAt = boundCurve(demand, load.capacityPerNode, 1);
  const policies = [...new Set(scored.map(({ policy }) => policy))];
  const reactive = scored.filter(({ policy }) => policy === 'reactive');
  const lowest = Math.min(...reactive.map(({ unmetDemandShare }) => unmetDemandShare));
  return LEVELS.flatMap((level) => {
    const unmet = Math.max(level, lowest);
    const bound = boundAt(unmet * total);
    const ratioOf = (run: Scored | null) => (run === null ? null : run.nodeSteps / bound);
    const atLowest = (runs: readonly Scored[]) => {
      const reached = Math.min(...runs.map(({ unmetDemandShare }) => unmetDemandShare));
      const run = cheapest(runs, reached);
      return run === null ? null : run.nodeSteps / boundAt(reached * total);
    };
    const base = ratioOf(cheapest(reactive, unmet));
    return policies.map((policy): Best => {
      const own = scored.filter((one) => one.policy === policy);
      const run = cheapest(own, unmet);
      const ratio = ratioOf(run);
      const excess = (of: number | null) => (of === null || base === null ? null : (of - 1) / (base - 1));
      const excessOfReactive = excess(ratio);
      const excessCounted = excess(ratio ?? atLowest(own));
      const { trace, bootSeconds } = scored[0] as Scored;
      return { trace, bootSeconds, level, unmet, policy, run, ratio, excessOfReactive, excessCounted };
    });
  });
}

function cheapest(scored: readonly Scored[], unmet: number): Scored | null {
  let best: Scored | null = null;
  for (const one of scored) {
    if (one.unmetDemandShare <= unmet && (best === null || one.nodeSteps < best.nodeSteps)) best = one;
  }
  return best;
}

/** Runs that no other of the list betters in both unmet demand and cost, by unmet demand. */
export function frontOf(scored: readonly Scored[]): Scored[] {
  const sorted = scored.toSorted((a, b) => a.unmetDemandShare - b.unmetDemandShare || a.nodeSteps - b.nodeSteps);
  const front: Scored[] = [];
  for (const one of sorted) if (one.nodeSteps < (front.at(-1)?.nodeSteps ?? Number.POSITIVE_INFINITY)) front.push(one);
  return front;
}

/** exp of the mean log. Excesses are above 0 wherever the bound is not met exactly; what is below counts as 0.001. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(Math.max(1e-3, value)), 0) / values.length);
}
