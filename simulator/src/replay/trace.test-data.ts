import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import { FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES, type Series } from '@forescale/shared/domain';
import type { ReplayForecaster } from './forescale-policy.ts';

export const MINUTE_MS = 60_000;

/** A pool whose nodes carry 10 of the trace's unit, without cool-downs. */
export function poolOf(overrides: object = {}): PoolConfig {
  const pool = {
    name: 'web',
    signals: [{ name: 'load', capacity_per_node: 10 }],
    bounds: { min_nodes: 1, max_nodes: 1_000 },
    scale_down: { after_scale_up: '0s', max_parallel: 1_000 },
    ...overrides,
  };
  return parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'test', {}).pools[0] as PoolConfig;
}

export function traceOf(values: readonly number[], stepMs = MINUTE_MS, startMs = 1_699_999_980_000): Series {
  return { timesMs: Float64Array.from(values, (_, i) => startMs + i * stepMs), values: Float64Array.from(values) };
}

/**
 * 480 minutes of exact arithmetic, so that another implementation can make the same: a saw of period 101 between 60 and
 * 110, lifted by 40 in every second two hours.
 */
export const SAW = traceOf(
  Array.from({ length: 480 }, (_, k) => ((k * 37) % 101) * 0.5 + 60 + 40 * (Math.floor(k / 120) % 2)),
);

/** Says the same hour after hour, as a forecaster would that has learned one value per minute of the period. */
export function periodicForecaster(
  trace: Series,
  periodMinutes: number,
): ReplayForecaster & { readonly trainings: number[] } {
  const byMinute = new Map<number, number>();
  const phaseOf = (timeMs: number) => Math.floor(timeMs / MINUTE_MS) % periodMinutes;
  const trainings: number[] = [];
  let latest = trace.values[0] ?? 0;
  return {
    trainings,
    observe(timeMs, value) {
      byMinute.set(phaseOf(timeMs), value);
      latest = value;
    },
    async train(nowMs) {
      trainings.push(nowMs);
    },
    forecast(nowMs): Forecast {
      const at = (minutes: number) => byMinute.get(phaseOf(nowMs + minutes * MINUTE_MS)) ?? latest;
      const values = Array.from({ length: 60 }, (_, step) => at(step + 1));
      const maxima = MAX_LEAD_MINUTES.map((minutes) => Math.max(...values.slice(0, minutes)));
      return {
        pool: 'web',
        signal: 'load',
        issuedMs: nowMs,
        validUntilMs: nowMs + 10 * MINUTE_MS,
        stepMs: MINUTE_MS,
        levels: FORECAST_LEVELS,
        // A mean over a minute whose middle is the minute itself.
        timesMs: values.map((_, step) => nowMs + (step + 1.5) * MINUTE_MS),
        quantiles: FORECAST_LEVELS.map(() => values),
        maxQuantiles: FORECAST_LEVELS.map(() => maxima),
        model: 'periodic',
        backend: 'none',
        weights: { periodic: 1 },
        accuracy: null,
      };
    },
  };
}
