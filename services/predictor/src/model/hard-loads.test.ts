import { FORECAST_LEVELS, type Series } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { type OnlineForecast, OnlineForecaster } from './online-forecaster.ts';
import { MINUTE_MS, syntheticLoad } from './synthetic-load.ts';

const DAY = 1_440;
const STEP = 5;

/** Without the wave of the day, so that a level is a level. */
function flat(level: (minute: number) => number): (minute: number) => number {
  return (minute) => level(minute) / (1 + 0.5 * Math.sin((2 * Math.PI * minute) / DAY));
}

/** The forecast at a minute, from all samples of the series up to it. */
function forecastAt(forecaster: OnlineForecaster, series: Series, from: number, minute: number): OnlineForecast {
  for (let i = from; i <= minute; i++) forecaster.observe(series.timesMs[i] as number, series.values[i] as number);
  const forecast = forecaster.forecast(series.timesMs[minute] as number);
  if (!forecast) throw new Error('no forecast');
  return forecast;
}

function quantile(forecast: OnlineForecast, level: number, step: number): number {
  return forecast.quantiles[FORECAST_LEVELS.indexOf(level as 0.5)]?.[step] as number;
}

/** The mean of the five minutes that a step is about. */
function cameAt(series: Series, minute: number, step: number): number {
  const first = minute + 1 + step * STEP;
  return series.values.subarray(first, first + STEP).reduce((sum, value) => sum + value / STEP, 0);
}

describe('hard loads: level shifts', () => {
  const shift = (jump: number, from: number, to: number) => (minute: number) => (minute < jump ? from : to);
  const early = 3 * DAY + 300;
  const late = 5 * DAY + 300;

  it.each<[what: string, jump: number, level: (minute: number) => number]>([
    ['a jump to three times the load', early, flat(shift(early, 100, 300))],
    ['the same with a wave of the day', early, shift(early, 100, 300)],
    ['a fall to half of it', late, flat(shift(late, 100, 50))],
    ['a launch to 86 times the load', early, flat(shift(early, 1, 86))],
  ])('an hour after %s every lead is at the new level', (_, jump, level) => {
    for (const seed of [1, 2, 3]) {
      const series = syntheticLoad(seed, jump + 130, level);
      const forecast = forecastAt(new OnlineForecaster(), series, 0, jump + 59);
      // The load itself wanders by 5 % around its level, also within the hour ahead.
      for (const step of [0, 2, 5, 8, 11]) {
        const share = quantile(forecast, 0.5, step) / cameAt(series, jump + 59, step);
        expect(share, `seed ${seed}, step ${step}`).toBeGreaterThan(0.85);
        expect(share, `seed ${seed}, step ${step}`).toBeLessThan(1.15);
      }
    }
  });
});

describe('hard loads: flash crowds', () => {
  const at = 3 * DAY + 300;
  const crowd = (minute: number) => (minute >= at && minute < at + 20 ? 400 : 100);
  const width = (forecast: OnlineForecast, step: number) =>
    quantile(forecast, 0.99, step) - quantile(forecast, 0.5, step);

  it.each([1, 2, 3])('the band is wide one sample later, and as before three hours later (seed %i)', (seed) => {
    const series = syntheticLoad(seed, at + 270, crowd);
    const forecaster = new OnlineForecaster();
    const before = forecastAt(forecaster, series, 0, at - 1);
    const [first, after, end] = [at, at + 20 + 60, at + 20 + 180].map((minute, i, all) =>
      forecastAt(forecaster, series, i === 0 ? at : (all[i - 1] as number) + 1, minute),
    ) as [OnlineForecast, OnlineForecast, OnlineForecast];
    for (const step of [0, 5, 11]) {
      expect(width(first, step)).toBeGreaterThan(5 * width(before, step));
      expect(width(end, step)).toBeLessThan(0.25 * width(first, step));
      expect(quantile(end, 0.5, step) / cameAt(series, at + 200, step)).toBeGreaterThan(0.85);
      expect(quantile(end, 0.5, step) / cameAt(series, at + 200, step)).toBeLessThan(1.15);
    }
    expect(width(after, 0)).toBeLessThan(0.5 * width(first, 0));
    // What the crowd brings in its next ten minutes is within the band.
    const most = Math.max(...series.values.subarray(at + 1, at + 11));
    expect(first.maxQuantiles[FORECAST_LEVELS.indexOf(0.999)]?.at(-1)).toBeGreaterThan(0.9 * most);
  });
});

describe('hard loads: gaps and nights', () => {
  it('after a gap of three hours the forecast is that of the same time of other days', () => {
    const series = syntheticLoad(7, 6 * DAY);
    const gap = 5 * DAY + 480;
    const forecaster = new OnlineForecaster();
    forecastAt(forecaster, series, 0, gap);
    const forecast = forecastAt(forecaster, series, gap + 180, gap + 185);
    for (const step of [0, 5, 11]) {
      expect(quantile(forecast, 0.5, step) / cameAt(series, gap + 185, step)).toBeGreaterThan(0.85);
      expect(quantile(forecast, 0.5, step) / cameAt(series, gap + 185, step)).toBeLessThan(1.15);
    }
  });

  it('zeros at night stay zeros, and the morning is seen coming', () => {
    // Nothing from 00:00 to 06:00 (the wave of the day begins at midnight).
    const series = syntheticLoad(8, 6 * DAY, (minute) => (minute % DAY < 360 ? 0 : 100));
    const forecaster = new OnlineForecaster();
    const night = forecastAt(forecaster, series, 0, 5 * DAY + 180);
    for (let step = 0; step < 12; step++) {
      expect(quantile(night, 0.5, step)).toBeLessThan(2);
      expect(quantile(night, 0.9, step)).toBeLessThan(10);
    }
    const morning = forecastAt(forecaster, series, 5 * DAY + 181, 5 * DAY + 329);
    expect(quantile(morning, 0.5, 2)).toBeLessThan(15);
    for (const step of [8, 11]) {
      const share = quantile(morning, 0.5, step) / cameAt(series, 5 * DAY + 329, step);
      expect(share).toBeGreaterThan(0.8);
      expect(share).toBeLessThan(1.2);
    }
    expect(morning.timesMs[11]).toBe((series.timesMs[5 * DAY + 329] as number) + 60 * MINUTE_MS);
  });
});
