import { FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import { expect, it } from 'vitest';
import { ForecastTable, recorded, recording } from './forecast-table.ts';

const nowMs = 1_700_000_040_000;

function forecastOf(accuracy: Forecast['accuracy']): Forecast {
  return {
    pool: 'bench',
    signal: 'load',
    issuedMs: nowMs,
    validUntilMs: nowMs + 600_000,
    stepMs: 300_000,
    levels: FORECAST_LEVELS,
    timesMs: Array.from({ length: 12 }, (_, step) => nowMs + (step + 1) * 300_000),
    quantiles: FORECAST_LEVELS.map((level, k) => Array.from({ length: 12 }, (_, step) => level + 10 * k + step / 7)),
    maxQuantiles: FORECAST_LEVELS.map((level, k) => MAX_LEAD_MINUTES.map((minutes) => level + 10 * k + minutes / 3)),
    model: 'combination',
    backend: 'none',
    weights: {},
    accuracy,
  };
}

it.each([null, { wql: 0.1, mase: 0.7, coverage90: 0.91, coverage99: 0.99, relativeError: null, hours: 7 }])(
  'gives back in another thread what was written down, bit for bit; accuracy %o',
  async (accuracy) => {
    const table = ForecastTable.empty(nowMs - 120_000, 60_000, 5);
    const source = {
      observe() {},
      train: async () => {},
      forecast: (atMs: number) => (atMs === nowMs ? forecastOf(accuracy) : null),
    };
    const writer = recording(source, table);
    for (const minutes of [-1, 0, 1]) writer.forecast(nowMs + minutes * 60_000);
    const reader = recorded(new ForecastTable(nowMs - 120_000, 60_000, table.buffer));
    expect(reader.forecast(nowMs)).toEqual(forecastOf(accuracy));
    expect(reader.forecast(nowMs)).toBe(reader.forecast(nowMs));
    expect([reader.forecast(nowMs - 60_000), reader.forecast(nowMs + 60_000)]).toEqual([null, null]);
  },
);
