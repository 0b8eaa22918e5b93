import { OnlineForecaster, type TrainNetwork } from '@forescale/predictor/model';
import type { PoolConfig } from '@forescale/shared/config';
import type { ReplayForecaster } from './forescale-policy.ts';
import { signalOf } from './signal.ts';

export interface OnlineReplayOptions {
  /** Null: only what needs no network. */
  readonly trainNetwork: TrainNetwork | null;
  /** Where the networks run, for the forecasts' label. */
  readonly backend: string;
}

/** The forecaster that the predictor runs live, fed by the replay. */
export function onlineReplayForecaster(pool: PoolConfig, options: OnlineReplayOptions): ReplayForecaster {
  const signal = signalOf(pool);
  const online = new OnlineForecaster();
  return {
    observe(timeMs, value) {
      online.observe(timeMs, value);
    },
    forecast(nowMs) {
      const forecast = online.forecast(nowMs);
      if (forecast === null) return null;
      const validUntilMs = nowMs + pool.forecast.validForMs;
      return { pool: pool.name, signal: signal.name, validUntilMs, backend: options.backend, ...forecast };
    },
    train: () => online.train(options.trainNetwork),
  };
}
