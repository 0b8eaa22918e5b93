import { OnlineForecaster, TRAIN_OPTIONS } from '@forescale/predictor/model';
import { networks } from '@forescale/predictor/tensor';
import { calendarOf, type PoolConfig, type SignalConfig } from '@forescale/shared/config';
import type { ReplayForecaster } from '@forescale/simulator/replay';

const FINE_STEP_MS = 300_000;

/** The forecaster of the predictor, on the virtual time of a replay. `seed` is that of the network's training. */
export function createReplayForecaster(
  pool: PoolConfig,
  signal: SignalConfig,
  backend: string,
  seed: number,
): ReplayForecaster {
  const forecaster = new OnlineForecaster({
    rawStepMs: null,
    steps: Math.ceil(pool.forecast.horizonMs / FINE_STEP_MS),
    calendarFrom: (timeMs) => calendarOf(pool.forecast.calendar, pool.forecast.timezone, timeMs),
  });
  return {
    observe: (timeMs, value) => {
      forecaster.observe(timeMs, value);
    },
    forecast(nowMs) {
      const issued = forecaster.forecast(nowMs);
      return (
        issued && {
          ...issued,
          pool: pool.name,
          signal: signal.name,
          validUntilMs: nowMs + pool.forecast.validForMs,
          backend,
        }
      );
    },
    train: () => forecaster.train(networks, { ...TRAIN_OPTIONS, seed }),
  };
}
