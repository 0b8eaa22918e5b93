import { describe, expect, it } from 'vitest';
import { AccuracyLog, type MaturedStep } from './accuracy-log.ts';
import { OnlineForecaster } from './online-forecaster.ts';
import { START_MS, syntheticLoad } from './synthetic-load.ts';

const HOUR_MS = 3_600_000;
const TICK_MS = 300_000;
const DAY = 288;

describe('accuracy log', () => {
  const step = (hour: number, overrides: Partial<MaturedStep> = {}): MaturedStep => ({
    timeMs: hour * HOUR_MS + 1,
    actual: 100,
    quantiles: [90, 110],
    seasonalNaive: 80,
    usualNaiveError: 5,
    ...overrides,
  });
  const logOf = (hours: number, overrides: Partial<MaturedStep> = {}) => {
    const log = new AccuracyLog([0.5, 0.9]);
    for (let hour = 0; hour < hours; hour++) log.add(step(hour, overrides));
    return log;
  };

  it('compares with what seasonal-naive said of the same steps', () => {
    expect(logOf(3).summary(3 * HOUR_MS - 1, TICK_MS)).toMatchObject({ relativeError: 0.5, mase: 2, coverage90: 1 });
    expect(logOf(3, { seasonalNaive: 96 }).summary(3 * HOUR_MS - 1, TICK_MS)).toMatchObject({ relativeError: 2.5 });
  });

  it('says how much of the day it covers, and lets it go after a day', () => {
    const log = logOf(40);
    expect(logOf(1).summary(HOUR_MS - 1, TICK_MS)?.hours).toBe(1);
    expect(log.summary(40 * HOUR_MS - 1, TICK_MS)?.hours).toBe(24);
    // The hour that has just begun has nothing yet.
    expect(log.summary(40 * HOUR_MS, TICK_MS)?.hours).toBe(23);
    expect(log.summary(59 * HOUR_MS, TICK_MS)?.hours).toBe(4);
    expect(log.summary(64 * HOUR_MS, TICK_MS)).toBeNull();
  });

  it('takes the few steps of a coarse series for a whole day', () => {
    const log = new AccuracyLog([0.5, 0.9]);
    for (const hour of [0, 6, 12, 18]) log.add(step(hour));
    expect(log.summary(23 * HOUR_MS, 6 * HOUR_MS)?.hours).toBe(24);
  });

  it('does not reproach errors below 1 % of the load where the past repeats itself exactly', () => {
    const still = { seasonalNaive: 100, quantiles: [99.9, 101] };
    expect(logOf(24, still).summary(24 * HOUR_MS - 1, TICK_MS)?.relativeError).toBeCloseTo(0.1, 6);
    const zeros = { actual: 0, seasonalNaive: 0, quantiles: [0, 0] };
    expect(logOf(24, zeros).summary(24 * HOUR_MS - 1, TICK_MS)?.relativeError).toBe(0);
  });
});

it.each([1, 2, 3])('accuracy: it is what issued medians and yesterday come to on the last day (seed %i)', (seed) => {
  // Samples every 5 minutes are cells and steps at once, so that yesterday's value of a step is that of a sample.
  const { values } = syntheticLoad(seed, 5 * 4 * DAY);
  const load = values.filter((_, minute) => minute % 5 === 0);
  const forecaster = new OnlineForecaster({ rawStepMs: TICK_MS, steps: 12 });
  let error = 0;
  let naiveError = 0;
  const medians: (readonly number[])[] = [];
  for (const [i, value] of load.entries()) {
    forecaster.observe(START_MS + i * TICK_MS, value);
    for (let ahead = 1; ahead <= 12 && i >= 3 * DAY; ahead++) {
      error += Math.abs(value - (medians[i - ahead]?.[ahead - 1] as number));
      naiveError += Math.abs(value - (load[i - DAY] as number));
    }
    medians.push(forecaster.forecast(START_MS + i * TICK_MS)?.quantiles[1] ?? []);
  }
  const accuracy = forecaster.forecast(START_MS + (load.length - 1) * TICK_MS)?.accuracy;
  expect(accuracy?.hours).toBe(24);
  // The medians are compared as calibrated when they matured, not when they were issued: hence "about".
  expect(accuracy?.relativeError).toBeGreaterThan((0.97 * error) / naiveError);
  expect(accuracy?.relativeError).toBeLessThan((1.03 * error) / naiveError);
});
