import { FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES } from '@forescale/shared/domain';

export const NOW_MS = Date.UTC(2026, 2, 4, 9);
const STEP_MS = 300_000;

/**
 * Of web/rps, an hour long: each step 100 at the median and 10 more for each level above it; the maximum over the next
 * 1, 2, 3, 5, … minutes 100 more for each window: 200, 300, 400, 500, …
 */
export function forecastOf(change: Partial<Forecast> = {}): Forecast {
  const above = (level: number) => 10 * (level - 1);
  return {
    pool: 'web',
    signal: 'rps',
    issuedMs: NOW_MS,
    validUntilMs: NOW_MS + STEP_MS,
    stepMs: STEP_MS,
    levels: FORECAST_LEVELS,
    timesMs: Array.from({ length: 12 }, (_, i) => NOW_MS + (i + 1) * STEP_MS),
    quantiles: FORECAST_LEVELS.map((_, level) => Array.from({ length: 12 }, () => 100 + above(level))),
    maxQuantiles: FORECAST_LEVELS.map((_, level) => MAX_LEAD_MINUTES.map((_, lead) => 200 + 100 * lead + above(level))),
    model: 'combination',
    backend: 'cpu',
    weights: {},
    accuracy: null,
    ...change,
  };
}
