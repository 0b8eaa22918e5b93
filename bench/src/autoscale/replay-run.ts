import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import type { Series } from '@forescale/shared/domain';
import {
  type Demand,
  demandOf,
  type OnReplayProgress,
  type ReplayForecaster,
  type ReplayResult,
  replay,
} from '@forescale/simulator/replay';
import { POOL_NAME, SIGNAL_NAME } from './forecast-table.ts';
import type { Run } from './runs.ts';

export const STEP_MS = 60_000;
/** The first half is history, the second half counts. */
const HISTORY_SHARE = 0.5;
/** A node carries this share of the 99.5th percentile. */
const NODES_AT_PEAK = 40;
const PEAK_QUANTILE = 0.995;

/** A trace as the benchmark takes it. */
export interface Load {
  readonly name: string;
  readonly series: Series;
  readonly demand: Demand;
  readonly capacityPerNode: number;
  /** First scored step. */
  readonly scoredFrom: number;
}

export function loadOf(name: string, series: Series): Load {
  const demand = demandOf(series, STEP_MS);
  const capacityPerNode = Math.max(percentile(demand.values, PEAK_QUANTILE) / NODES_AT_PEAK, 1e-9);
  return { name, series, demand, capacityPerNode, scoredFrom: Math.floor(HISTORY_SHARE * demand.values.length) };
}

/** Linear between the two nearest ranks: of 5 values, the 0.9 quantile lies 0.6 of the way from the 4th to the 5th. */
function percentile(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  const rank = share * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] as number;
  return low + (rank - Math.floor(rank)) * ((sorted[Math.ceil(rank)] as number) - low);
}

/** Replays one run. Nothing fails and every machine takes exactly the boot: what differs is the policy. */
export function replayRun(
  load: Load,
  run: Run,
  forecaster: ReplayForecaster | null,
  onProgress: OnReplayProgress = () => {},
): Promise<ReplayResult> {
  return replay({
    trace: load.series,
    pool: poolOf(load, run),
    policy: run.policy,
    seed: 1,
    historyShare: HISTORY_SHARE,
    stepMs: STEP_MS,
    forecaster,
    knobs: run.knob === 'shortage_cost_ratio' ? {} : { [run.knob]: run.setting },
    timerMs: () => performance.now(),
    onProgress,
  });
}

/** One kind of machine, no cool-down after a scale-up and no bound that could bite, for every policy alike. */
export function poolOf({ capacityPerNode }: Load, run: Run): PoolConfig {
  const pool = {
    name: POOL_NAME,
    lead_time: `${run.bootSeconds}s`,
    signals: [{ name: SIGNAL_NAME, capacity_per_node: capacityPerNode }],
    bounds: { min_nodes: 1, max_nodes: 10_000 },
    scale_down: { unneeded: `${run.unneededMinutes}m`, after_scale_up: '0s', max_parallel: 1_000 },
    ...(run.knob === 'shortage_cost_ratio' && { shortage_cost_ratio: run.setting }),
  };
  return parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'bench', {}).pools[0] as PoolConfig;
}
