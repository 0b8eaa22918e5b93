import type { PoolConfig } from '@forescale/shared/config';
import { oracleBound } from './oracle.ts';
import type { ReplayTimeline } from './timeline.ts';

export interface ReplayScore {
  /** Demand above the Ready capacity, over all demand. */
  readonly unmetDemandShare: number;
  /** Share of the steps with any of it. */
  readonly shortageTimeShare: number;
  /** Ready, starting and draining nodes, summed over the steps. */
  readonly nodeSteps: number;
  readonly usd: number;
  /** The least that leaves as much demand unmet as the run did. */
  readonly oracleUsd: number;
  readonly oracleNodeSteps: number;
}

/** A demand that exceeds the capacity by less than this share is met: the division that made it was not exact. */
const ROUNDING = 1e-9;

export function scoreTimeline(
  timeline: ReplayTimeline,
  capacityPerNode: number,
  poolAt: (row: number) => PoolConfig,
): ReplayScore {
  const { rows, demand, capacityReady, nodesReady, nodesStarting, nodesDraining, usdPerHour } = timeline;
  const hours = timeline.stepMs / 3_600_000;
  let [total, unmet, shortSteps, nodeSteps, usd] = [0, 0, 0, 0, 0];
  for (let i = 0; i < rows; i++) {
    const wanted = demand[i] as number;
    const capacity = capacityReady[i] as number;
    total += wanted;
    unmet += Math.max(0, wanted - capacity);
    if (wanted > capacity * (1 + ROUNDING)) shortSteps++;
    nodeSteps += (nodesReady[i] as number) + (nodesStarting[i] as number) + (nodesDraining[i] as number);
    usd += (usdPerHour[i] as number) * hours;
  }
  const oracle = oracleBound(demand, timeline.stepMs, capacityPerNode, poolAt, unmet);
  return {
    unmetDemandShare: total > 0 ? unmet / total : 0,
    shortageTimeShare: shortSteps / rows,
    nodeSteps,
    usd,
    oracleUsd: oracle.usd,
    oracleNodeSteps: oracle.nodeSteps,
  };
}
