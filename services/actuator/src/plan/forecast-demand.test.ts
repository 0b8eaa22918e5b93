import { describe, expect, it } from 'vitest';
import { demandAt, demandMaxUntil, newsvendorLevel, provisionOf, surgeAt } from './forecast-demand.ts';
import { forecastOf, NOON } from './plan-state.test-data.ts';

const MINUTE_MS = 60_000;

describe('demand from a forecast', () => {
  it('covers the share k / (k + 1) of cases', () => {
    expect([1, 9, 19, 99].map(newsvendorLevel)).toEqual([0.5, 0.9, 0.95, 0.99]);
  });

  it('reads a step as the mean over the step that ends at its time', () => {
    // 100 at noon, 10 more a minute: 130 three minutes later, 135 half a minute after that.
    const rising = forecastOf(100, { slopePerMinute: 10 });
    expect(demandAt(rising, 0.5, NOON + 3 * MINUTE_MS)).toBeCloseTo(130, 9);
    expect(demandAt(rising, 0.5, NOON + 3.5 * MINUTE_MS)).toBeCloseTo(135, 9);
  });

  it('takes single values to scatter at least as they do in the first minute, but not above the maximum', () => {
    const forecast = forecastOf(100);
    // Level 0.95: the mean is sure to be 100, a single value within the first minute reaches 130.
    const first = forecast.maxQuantiles.map((row, level) => [
      level < 2 ? 100 : 130,
      ...row.slice(1).map(() => (level < 2 ? 100 : 140)),
    ]);
    const noisy = { ...forecast, maxQuantiles: first };
    expect(demandAt(noisy, 0.95, NOON + 3 * MINUTE_MS)).toBeCloseTo(130, 9);
    expect(demandAt(noisy, 0.5, NOON + 3 * MINUTE_MS)).toBe(100);
    const capped = {
      ...forecast,
      maxQuantiles: first.map((row) => [row[0] as number, ...row.slice(1).map(() => 110)]),
    };
    expect(demandAt(capped, 0.95, NOON + 3 * MINUTE_MS)).toBeCloseTo(110, 9);
  });

  it('interpolates the maximum between leads, counted from the time of issue', () => {
    // Leads 3 and 5 min: 130 and 150 at any level.
    const rising = forecastOf(100, { slopePerMinute: 10 });
    expect(demandMaxUntil(rising, 0.95, NOON + 3 * MINUTE_MS)).toBeCloseTo(130, 9);
    expect(demandMaxUntil(rising, 0.95, NOON + 4 * MINUTE_MS)).toBeCloseTo(140, 9);
    expect(demandMaxUntil(rising, 0.95, NOON + 10_000)).toBeCloseTo(110, 9);
    expect(demandMaxUntil(rising, 0.95, NOON + 60 * MINUTE_MS)).toBeCloseTo(700, 9);
  });

  it('goes on with the steps beyond the longest window', () => {
    const timesMs = Array.from({ length: 120 }, (_, step) => NOON + (step + 1) * MINUTE_MS);
    const quantiles = [0.1, 0.5, 0.9, 0.95, 0.99, 0.999].map(() => timesMs.map((_, step) => 100 + step));
    const long = forecastOf(100, {}, { timesMs, quantiles });
    expect(demandMaxUntil(long, 0.95, NOON + 90 * MINUTE_MS)).toBeGreaterThanOrEqual(189);
  });

  it('takes the quantile as it is up to 0.95; beyond it demand grows with how rare it is, without a jump', () => {
    expect([0.5, 0.9, 0.95].map(provisionOf)).toEqual([0.5, 0.9, 0.95].map((level) => ({ level, times: 1 })));
    // Five times as rare: 5 ** 0.05; ten times more: by 10 ** 0.05.
    expect(provisionOf(0.99)).toEqual({ level: 0.95, times: expect.closeTo(1.0838, 4) });
    expect(provisionOf(0.999).times / provisionOf(0.99).times).toBeCloseTo(1.122, 3);
    expect(provisionOf(0.950001).times).toBeCloseTo(1, 5);
  });

  it('takes two thirds of a load above the forecast to last, and nothing of one below it', () => {
    // 110 a minute after noon, 120 after two.
    const rising = forecastOf(100, { slopePerMinute: 10 });
    expect(surgeAt(rising, 160, NOON + MINUTE_MS)).toBeCloseTo(100 / 3, 9);
    expect(surgeAt(rising, 160, NOON + 2 * MINUTE_MS)).toBeCloseTo(80 / 3, 9);
    expect(surgeAt(rising, 100, NOON + MINUTE_MS)).toBe(0);
  });
});
