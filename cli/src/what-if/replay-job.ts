import type { PoolConfig } from '@forescale/shared/config';
import type { Series } from '@forescale/shared/domain';
import { type ReplaySummary, replay, signalOf } from '@forescale/simulator/replay';
import { createReplayForecaster } from '../runtime/replay-forecaster.ts';

export interface ReplayJob {
  readonly trace: Series;
  /** With the one signal that the trace is of, and what a node carries of it. */
  readonly pool: PoolConfig;
  /** Of the trace, in [0, 1): seen and not scored. */
  readonly historyShare: number;
}

/**
 * What the pool would have cost and missed. Forecasts are those of the ladder without its network, which would be trained
 * for longer than anybody waits; both sides of a comparison have the same.
 */
export async function replayJob({ trace, pool, historyShare }: ReplayJob): Promise<ReplaySummary> {
  const forecaster = { ...createReplayForecaster(pool, signalOf(pool), 'none', 1), train: async () => {} };
  const { summary } = await replay({
    ...{ trace, pool, policy: 'forescale', seed: 1, historyShare },
    forecaster: pool.forecast.enabled ? forecaster : null,
    timerMs: () => performance.now(),
  });
  return summary;
}
