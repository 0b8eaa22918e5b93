import { describe, expect, it } from 'vitest';
import { generateLoad, type LoadShape } from './generate-load.ts';

const DAY_MS = 86_400_000;
/** A Monday. */
const START_MS = Date.UTC(2026, 0, 5);
const QUIET = { noiseShare: 0, burstsPerDay: 0, trendPerWeek: 0 };

function load(change: Partial<LoadShape> = {}) {
  return generateLoad({ seed: 1, startMs: START_MS, days: 14, ...change });
}

function meanOfDay(values: Float64Array, day: number): number {
  const samples = values.subarray(day * 1440, (day + 1) * 1440);
  return samples.reduce((sum, value) => sum + value, 0) / 1440;
}

describe('generateLoad', () => {
  it('is a regular series of finite values that are not negative', () => {
    const { timesMs, values } = load({ noiseShare: 2 });
    expect(timesMs).toHaveLength(14 * 1440);
    expect(timesMs[1]).toBe(START_MS + 60_000);
    expect(values.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  });

  it('is the same for the same seed, and another for another', () => {
    expect(load()).toEqual(load());
    expect(load({ seed: 2 }).values).not.toEqual(load().values);
  });

  it('has the base as mean of its weekdays, and the factor on weekends', () => {
    const { values } = load(QUIET);
    for (const day of [1, 2, 3]) expect(meanOfDay(values, day)).toBeCloseTo(100, 6);
    for (const day of [5, 6]) {
      expect(meanOfDay(values, day)).toBeGreaterThan(58);
      expect(meanOfDay(values, day)).toBeLessThan(63);
    }
  });

  it('peaks near the hour asked for', () => {
    const { values } = load({ ...QUIET, peakHour: 9 });
    const tuesday = values.subarray(1440, 2880);
    const peak = tuesday.indexOf(Math.max(...tuesday)) / 60;
    expect(Math.abs(peak - 9)).toBeLessThan(2);
  });

  it('changes by no jump at midnight before a weekend', () => {
    const { values } = load(QUIET);
    const steps = values.slice(1).map((value, i) => Math.abs(value - (values[i] ?? 0)));
    expect(Math.max(...steps)).toBeLessThan(0.6);
  });

  it('grows by the trend', () => {
    const { values } = load({ ...QUIET, trendPerWeek: 0.1 });
    expect(meanOfDay(values, 8) / meanOfDay(values, 1)).toBeCloseTo(1.1 + 0.0, 1);
  });

  it('has noise of the deviation and memory asked for', () => {
    const shape = { ...QUIET, dailyAmplitude: 0, weekendFactor: 1, noiseShare: 0.05, noiseCorrelationMs: 300_000 };
    const noise = load({ ...shape, days: 60 }).values.map((value) => value / 100 - 1);
    const covariance = (lag: number) =>
      noise.subarray(lag).reduce((sum, value, i) => sum + value * (noise[i] ?? 0), 0) / (noise.length - lag);
    expect(Math.sqrt(covariance(0))).toBeCloseTo(0.05, 2);
    expect(covariance(5) / covariance(0)).toBeCloseTo(Math.exp(-1), 1);
  });

  it('has bursts that rise in minutes and fall slowly, about as many as asked for', () => {
    const shape = { ...QUIET, dailyAmplitude: 0, weekendFactor: 1, burstsPerDay: 4, burstShare: 1 };
    const { values } = load({ ...shape, days: 100 });
    let rises = 0;
    for (let i = 3; i < values.length; i++)
      if ((values[i] ?? 0) - (values[i - 3] ?? 0) > 5 && isNewRise(values, i)) rises++;
    expect(rises / 100).toBeGreaterThan(2.5);
    expect(rises / 100).toBeLessThan(4.5);
  });

  it('keeps its noise when only bursts are added', () => {
    const calm = load({ burstsPerDay: 0 }).values;
    const bursty = load({ burstsPerDay: 3 }).values;
    expect(bursty.every((value, i) => value >= (calm[i] ?? 0) - 1e-9)).toBe(true);
  });

  it('covers a day for a day, and refuses what has no end', () => {
    expect(load({ days: 1, stepMs: 300_000 }).timesMs.at(-1)).toBe(START_MS + DAY_MS - 300_000);
    expect(() => load({ days: 1e9 })).toThrow(RangeError);
    expect(() => load({ stepMs: 0 })).toThrow(RangeError);
  });
});

function isNewRise(values: Float64Array, i: number): boolean {
  return (values[i - 1] ?? 0) - (values[i - 4] ?? 0) <= 5;
}
