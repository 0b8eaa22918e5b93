import type { Config, PoolConfig, SignalConfig } from '@forescale/shared/config';
import type { SeriesKey } from '@forescale/shared/domain';
import { samplingOf } from '../model/steps.ts';

const FINE_STEP_MS = 300_000;
/** Cells that a network answers for beyond those that are published: one may be running, one may be missing. */
const CELLS_BEYOND = 2;
/** Cells that a forecaster keeps and trains on, at most. */
const CELLS_MAX = 8_064;

/** In which cells a signal is learned and forecast. Models are of use to signals of their own step and horizon only. */
export interface SeriesShape {
  readonly stepMs: number;
  /** Cells ahead of a model. */
  readonly horizon: number;
  /** Steps of a published forecast; null: the usual number for the step. */
  readonly steps: number | null;
  /** Cells of a full history. */
  readonly cellsMax: number;
}

/** One signal of one pool that is forecast. */
export interface SeriesConfig {
  readonly key: SeriesKey;
  readonly pool: PoolConfig;
  readonly signal: SignalConfig;
  readonly shape: SeriesShape;
}

/** Every signal of every pool that wants forecasts. */
export function allSeries(config: Config): SeriesConfig[] {
  return config.pools
    .filter((pool) => pool.forecast.enabled)
    .flatMap((pool) =>
      pool.signals.map((signal) => {
        const key = { kind: 'series', pool: pool.name, signal: signal.name } as const;
        return { key, pool, signal, shape: shapeOf(pool, signal) };
      }),
    );
}

function shapeOf(pool: PoolConfig, signal: SignalConfig): SeriesShape {
  const steps = signal.intervalMs > FINE_STEP_MS ? null : Math.ceil(pool.forecast.horizonMs / FINE_STEP_MS);
  const sampling = samplingOf(signal.intervalMs, steps);
  const { shapeStepMs: stepMs } = sampling;
  const cellsMax = Math.min(CELLS_MAX, Math.floor(pool.forecast.historyMs / stepMs));
  return { stepMs, horizon: sampling.steps + CELLS_BEYOND, steps, cellsMax };
}
