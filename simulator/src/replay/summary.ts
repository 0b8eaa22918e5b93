import type { PolicyName } from './policy.ts';
import type { ReplayScore } from './score.ts';
import type { ReplayTimeline } from './timeline.ts';

/** What `forescale simulate` writes as JSON. Only scored steps count. */
export interface ReplaySummary {
  readonly policy: PolicyName;
  readonly seed: number;
  readonly steps: number;
  readonly unmet_demand_share: number;
  readonly shortage_time_share: number;
  readonly node_steps: number;
  readonly node_hours: number;
  readonly usd: number;
  readonly oracle_usd: number;
  readonly cost_ratio: number;
  /** Steps in which nodes were requested, and in which nodes were let go. */
  readonly scale_ups: number;
  readonly scale_downs: number;
  readonly nodes_created: number;
  readonly spot_interruptions: number;
  readonly create_failures: number;
  readonly decision_ms: { readonly p50: number; readonly p99: number };
  readonly train_seconds: number;
}

/** What is counted while a replay runs. */
export interface Tally {
  scaleUps: number;
  scaleDowns: number;
  trainMs: number;
  readonly decisionsMs: Float32Array;
}

interface MachineTotals {
  readonly created: number;
  readonly createFailures: number;
  readonly interruptions: number;
}

export function summaryOf(
  policy: PolicyName,
  seed: number,
  timeline: ReplayTimeline,
  score: ReplayScore,
  tally: Tally,
  machines: MachineTotals,
): ReplaySummary {
  const sortedMs = tally.decisionsMs.slice().sort();
  const percentile = (share: number) => rounded(sortedMs[Math.floor(share * (sortedMs.length - 1))] ?? 0, 4);
  return {
    policy,
    seed,
    steps: timeline.rows,
    unmet_demand_share: rounded(score.unmetDemandShare, 8),
    shortage_time_share: rounded(score.shortageTimeShare, 8),
    node_steps: score.nodeSteps,
    node_hours: rounded((score.nodeSteps * timeline.stepMs) / 3_600_000, 3),
    usd: rounded(score.usd, 4),
    oracle_usd: rounded(score.oracleUsd, 4),
    // A bound that costs nothing (machines without a price) has no ratio: 1 says that nothing was paid in excess.
    cost_ratio: score.oracleUsd > 0 ? rounded(score.usd / score.oracleUsd, 6) : 1,
    scale_ups: tally.scaleUps,
    scale_downs: tally.scaleDowns,
    nodes_created: machines.created,
    spot_interruptions: machines.interruptions,
    create_failures: machines.createFailures,
    decision_ms: { p50: percentile(0.5), p99: percentile(0.99) },
    train_seconds: rounded(tally.trainMs / 1_000, 3),
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
