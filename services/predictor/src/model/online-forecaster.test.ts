import { FORECAST_LEVELS, MAX_LEAD_MINUTES, type Series } from '@forescale/shared/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OnlineForecast, OnlineForecaster } from './online-forecaster.ts';
import { MINUTE_MS, START_MS, syntheticLoad } from './synthetic-load.ts';

const DAY = 1_440;

function feed(forecaster: OnlineForecaster, series: Series, from = 0, to = series.timesMs.length): void {
  for (let i = from; i < to; i++) forecaster.observe(series.timesMs[i] as number, series.values[i] as number);
}

function forecastAt(forecaster: OnlineForecaster, nowMs: number): OnlineForecast {
  const forecast = forecaster.forecast(nowMs);
  if (!forecast) throw new Error('no forecast');
  return forecast;
}

function expectSound(forecast: OnlineForecast): void {
  expect(forecast.quantiles).toHaveLength(FORECAST_LEVELS.length);
  expect(forecast.maxQuantiles).toHaveLength(FORECAST_LEVELS.length);
  for (const rows of [forecast.quantiles, forecast.maxQuantiles]) {
    expect(rows.flat().every(Number.isFinite)).toBe(true);
    for (let k = 1; k < rows.length; k++) {
      for (const [i, value] of (rows[k] ?? []).entries())
        expect(value).toBeGreaterThanOrEqual(rows[k - 1]?.[i] as number);
    }
  }
  for (const leads of forecast.maxQuantiles) {
    for (let lead = 1; lead < leads.length; lead++)
      expect(leads[lead]).toBeGreaterThanOrEqual(leads[lead - 1] as number);
  }
}

describe('online forecaster: coverage', () => {
  it('each level covers what it says, of steps and of maxima, over several loads', () => {
    const covered = new Map<string, number>();
    let count = 0;
    const hit = (key: string, inside: boolean) => covered.set(key, (covered.get(key) ?? 0) + (inside ? 1 : 0));
    for (const seed of [1, 2, 3]) count += follow(seed, hit);
    for (const target of ['step', 'max 3', 'max 10', 'max 30']) {
      const share = (level: number) => (covered.get(`${target} ${level}`) as number) / count;
      expect(share(0.5), `${target} 0.5`).toBeGreaterThan(0.4);
      expect(share(0.5), `${target} 0.5`).toBeLessThan(0.6);
      expect(share(0.9), `${target} 0.9`).toBeGreaterThan(0.86);
      expect(share(0.9), `${target} 0.9`).toBeLessThan(0.94);
      // 0.008 is one standard deviation of 800 independent targets; these overlap and hang together.
      expect(share(0.95), `${target} 0.95`).toBeGreaterThan(0.91);
      expect(share(0.95), `${target} 0.95`).toBeLessThan(0.98);
      expect(share(0.99), `${target} 0.99`).toBeGreaterThan(0.975);
      expect(share(0.999), `${target} 0.999`).toBeGreaterThan(0.99);
    }
  });

  function follow(seed: number, hit: (key: string, inside: boolean) => void): number {
    const series = syntheticLoad(seed, 9 * DAY);
    const forecaster = new OnlineForecaster();
    let count = 0;
    for (let i = 0; i < series.values.length - 60; i++) {
      feed(forecaster, series, i, i + 1);
      if (i < 5 * DAY || i % 7 !== 0) continue;
      const forecast = forecastAt(forecaster, series.timesMs[i] as number);
      count++;
      for (const [k, level] of FORECAST_LEVELS.entries()) {
        const step = series.values.subarray(i + 26, i + 31).reduce((sum, value) => sum + value / 5, 0);
        hit(`step ${level}`, step <= (forecast.quantiles[k]?.[5] as number));
        for (const minutes of [3, 10, 30]) {
          const maximum = Math.max(...series.values.subarray(i + 1, i + 1 + minutes));
          const quantile = forecast.maxQuantiles[k]?.[MAX_LEAD_MINUTES.indexOf(minutes as 3)] as number;
          hit(`max ${minutes} ${level}`, maximum <= quantile);
        }
      }
    }
    const accuracy = forecastAt(forecaster, series.timesMs.at(-61) as number).accuracy;
    expect(accuracy?.coverage90).toBeGreaterThan(0.8);
    expect(accuracy?.wql).toBeLessThan(0.1);
    expect(accuracy?.mase).toBeLessThan(1);
    return count;
  }
});

describe('online forecaster: hard loads', () => {
  const noisy = (minutes: number, level: (minute: number) => number, seed = 5) => {
    const forecaster = new OnlineForecaster();
    const series = syntheticLoad(
      seed,
      minutes,
      (minute) => level(minute) / (1 + 0.5 * Math.sin((2 * Math.PI * minute) / DAY)),
    );
    feed(forecaster, series);
    return forecastAt(forecaster, series.timesMs.at(-1) as number);
  };

  it('knows nothing before the first sample', () => {
    expect(new OnlineForecaster().forecast(START_MS)).toBeNull();
  });

  it.each([1, 2, 5, 6, 7, 60])('answers after %i samples, wide', (samples) => {
    const forecast = noisy(samples, () => 100);
    expectSound(forecast);
    expect(forecast.quantiles[1]?.[0]).toBeGreaterThan(80);
    expect(forecast.quantiles[1]?.[0]).toBeLessThan(120);
    expect(forecast.quantiles[4]?.[11]).toBeGreaterThan(forecast.quantiles[1]?.[11] as number);
  });

  it('answers with a fifth of the samples missing', () => {
    const forecaster = new OnlineForecaster();
    const series = syntheticLoad(4, DAY);
    for (let i = 0; i < DAY; i++) if (i % 5 !== 0) feed(forecaster, series, i, i + 1);
    expectSound(forecastAt(forecaster, series.timesMs.at(-1) as number));
  });

  it('expects nothing of a series of zeros', () => {
    const forecaster = new OnlineForecaster();
    for (let i = 0; i < DAY; i++) forecaster.observe(START_MS + i * MINUTE_MS, 0);
    const forecast = forecastAt(forecaster, START_MS + DAY * MINUTE_MS);
    expect(forecast.quantiles.flat().every((value) => value === 0)).toBe(true);
  });

  it('widens at once when the level jumps, and follows it within an hour', () => {
    const jump = 3 * DAY;
    const soon = noisy(jump + 11, (minute) => (minute < jump ? 100 : 300));
    expect(soon.quantiles[3]?.[2]).toBeGreaterThan(270);
    const later = [1, 2, 3, 4, 5].map((seed) => noisy(jump + 60, (minute) => (minute < jump ? 100 : 300), seed));
    // The load itself wanders by 5 % around its level of 300.
    const medians = later.map((one) => one.quantiles[1]?.[0] as number).sort((a, b) => a - b);
    expect(medians[0]).toBeGreaterThan(240);
    expect(medians[2]).toBeGreaterThan(270);
    for (const one of later) expect(one.quantiles[3]?.[11]).toBeGreaterThan(300);
  });

  it('follows a launch to 86 times the load', () => {
    const launch = 2 * DAY;
    const forecast = noisy(launch + 60, (minute) => (minute < launch ? 1 : 86));
    expect(forecast.quantiles[1]?.[0]).toBeGreaterThan(70);
    expect(forecast.quantiles[3]?.[11]).toBeGreaterThan(86);
  });

  it('goes on when samples stop, wider than before', () => {
    const series = syntheticLoad(6, 2 * DAY);
    const forecaster = new OnlineForecaster();
    feed(forecaster, series);
    const lastMs = series.timesMs.at(-1) as number;
    const width = (forecast: OnlineForecast) =>
      (forecast.maxQuantiles[4]?.[4] as number) - (forecast.maxQuantiles[0]?.[4] as number);
    const fresh = width(forecastAt(forecaster, lastMs));
    const stale = forecastAt(forecaster, lastMs + 120 * MINUTE_MS);
    expectSound(stale);
    expect(width(stale)).toBeGreaterThan(fresh);
    expectSound(forecastAt(forecaster, lastMs + 400 * DAY * MINUTE_MS));
  });

  it('a cell after a long gap is made of its own samples alone', () => {
    const forecaster = new OnlineForecaster({ rawStepMs: MINUTE_MS, steps: null });
    // The gap begins within a cell.
    for (let i = 0; i < 3; i++) forecaster.observe(START_MS + i * MINUTE_MS, 1_000);
    const laterMs = START_MS + 20 * DAY * MINUTE_MS;
    for (let i = 0; i < 6; i++) forecaster.observe(laterMs + i * MINUTE_MS, 10);
    expect(forecaster.trainingCells()?.cells.means.at(-1)).toBe(10);
  });

  it('leaves out what is late, repeated or not finite', () => {
    const forecaster = new OnlineForecaster();
    expect(forecaster.observe(START_MS, 1)).toBe(true);
    expect(forecaster.observe(START_MS, 2)).toBe(false);
    expect(forecaster.observe(START_MS - 1, 2)).toBe(false);
    expect(forecaster.observe(START_MS + 1, Number.NaN)).toBe(false);
  });

  it.each([
    [15_000, 300_000, 12],
    [60_000, 300_000, 12],
    [300_000, 300_000, 12],
    [420_000, 600_000, 12],
    [1_800_000, 1_800_000, 12],
    [3_600_000, 3_600_000, 24],
    [86_400_000, 86_400_000, 24],
  ])('samples every %i ms are forecast in steps of %i ms', (rawStepMs, stepMs, steps) => {
    const forecaster = new OnlineForecaster();
    for (let i = 0; i < 300; i++) forecaster.observe(START_MS + i * rawStepMs, 50 + (i % 7));
    const forecast = forecastAt(forecaster, START_MS + 299 * rawStepMs);
    expectSound(forecast);
    expect(forecast.stepMs).toBe(stepMs);
    expect(forecast.timesMs).toHaveLength(steps);
  });
});

describe('online forecaster: what it must not depend on', () => {
  const series = syntheticLoad(8, 2 * DAY);

  it('the same samples give the same forecasts, however often it is asked', () => {
    const quiet = new OnlineForecaster();
    const asked = new OnlineForecaster();
    feed(quiet, series);
    for (let i = 0; i < series.values.length; i++) {
      feed(asked, series, i, i + 1);
      if (i % 13 === 0) asked.forecast(series.timesMs[i] as number);
    }
    const nowMs = series.timesMs.at(-1) as number;
    expect(asked.forecast(nowMs)).toEqual(quiet.forecast(nowMs));
  });

  it('samples after the forecast do not change it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: DAY }),
        fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { maxLength: 20 }),
        (at, later) => {
          const before = new OnlineForecaster();
          feed(before, series, 0, at);
          const nowMs = series.timesMs[at - 1] as number;
          const first = before.forecast(nowMs);
          const after = new OnlineForecaster();
          feed(after, series, 0, at);
          const second = after.forecast(nowMs);
          for (const [i, value] of later.entries()) after.observe(nowMs + (i + 1) * MINUTE_MS, value);
          expect(second).toEqual(first);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('the unit of the series does not matter', () => {
    const small = new OnlineForecaster();
    const large = new OnlineForecaster();
    for (let i = 0; i < series.values.length; i++) {
      const [timeMs, value] = [series.timesMs[i] as number, series.values[i] as number];
      small.observe(timeMs, value);
      large.observe(timeMs, value * 4096);
    }
    const nowMs = series.timesMs.at(-1) as number;
    const expected = forecastAt(small, nowMs).quantiles.flat();
    for (const [i, value] of forecastAt(large, nowMs).quantiles.flat().entries()) {
      expect(value / 4096 / (expected[i] as number)).toBeCloseTo(1, 3);
    }
  });
});
