import { describe, expect, it } from 'vitest';
import { MEMBER_NAMES, type MemberName } from './ladder.ts';
import { combinedForecast, memberForecasts } from './member-forecasts.ts';
import { REFERENCE_SERIES } from './reference-series.ts';

const HOUR_MS = 3_600_000;
const HISTORY = { stepMs: HOUR_MS, startMs: 0, values: REFERENCE_SERIES };

// R 4.2, package forecast, z <- ts(y, frequency = 24) with the series of reference-series.ts:
// naive(z, h = 6)$mean; snaive(z, h = 6)$mean; forecast(HoltWinters(z), h = 6)$mean; stlf(z, h = 6, method = "ets")$mean.
const R_NAIVE = [113.2117, 113.2117, 113.2117, 113.2117, 113.2117, 113.2117];
const R_SNAIVE = [115.7004, 121.3654, 121.5928, 123.0276, 120.8313, 122.6154];
const R_HOLT_WINTERS = [117.1968, 120.7289, 122.808, 123.2164, 121.9324, 121.5];
const R_STLF = [117.7035, 121.1005, 123.1423, 123.6736, 122.2207, 121.7422];
// Upper minus lower bound of stlf's 80 % interval, which for this noise is 2.56 standard deviations.
const R_STLF_WIDTH80 = 2.85;
/** Twice the standard deviation of the noise, 4 / sqrt(12): two good models differ by less. */
const TWO_SD = 2.31;

/** The members' own forecasts, without calibration of the median: told by where few residuals can move it. */
function medians(name: MemberName): number[] {
  return memberForecasts[name](HISTORY, 6, [0.5]).map(([median]) => median as number);
}

function furthest(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));
}

describe('members against R', () => {
  it('seasonal-naive repeats the day before, as snaive does, but for the correction of its median', () => {
    expect(furthest(medians('seasonal-naive'), R_SNAIVE)).toBeLessThan(TWO_SD / 2);
  });

  it.each(['holt-winters', 'seasonal-smoothing', 'ridge', 'ridge-log'] as const)(
    '%s forecasts what HoltWinters and stlf do',
    (name) => {
      const values = medians(name);
      expect(furthest(values, R_HOLT_WINTERS)).toBeLessThan(TWO_SD);
      expect(furthest(values, R_STLF)).toBeLessThan(TWO_SD);
    },
  );

  it('the combination is about as sure as stlf, and not surer than the noise allows', () => {
    const widths = combinedForecast(HISTORY, 6, [0.1, 0.9]).map(([low, high]) => (high as number) - (low as number));
    for (const width of widths) {
      expect(width).toBeGreaterThan(0.8 * R_STLF_WIDTH80);
      expect(width).toBeLessThan(2 * R_STLF_WIDTH80);
    }
  });

  it('persistence centres on the last value, as naive does', () => {
    const [first] = memberForecasts.persistence({ ...HISTORY, stepMs: 7 * HOUR_MS }, 1, [0.5]);
    expect(Math.abs((first?.[0] as number) - (R_NAIVE[0] as number))).toBeLessThan(10);
  });
});

describe('every member', () => {
  const day = 288;
  const gappy = Float64Array.from({ length: 3 * day }, (_, i) =>
    i % 5 === 2 ? Number.NaN : 50 + 20 * Math.sin((2 * Math.PI * i) / day) + (i % 3),
  );
  const histories: Record<string, Float64Array> = {
    nothing: new Float64Array(0),
    'one value': Float64Array.of(7),
    'only gaps': new Float64Array(20).fill(Number.NaN),
    zeros: new Float64Array(600),
    'an hour': gappy.subarray(0, 12),
    'a fifth of it missing': gappy,
    'a launch': Float64Array.from({ length: 600 }, (_, i) => (i < 590 ? 1 : 86)),
    'negative values': Float64Array.from({ length: 600 }, (_, i) => -5 + (i % 4)),
    'huge values': Float64Array.from({ length: 600 }, (_, i) => 1e200 * (1 + (i % 4))),
  };

  it.each(MEMBER_NAMES.flatMap((name) => Object.keys(histories).map((history) => [name, history] as const)))(
    '%s answers with %s',
    (name, history) => {
      const values = histories[history] as Float64Array;
      const levels = [0.1, 0.5, 0.9, 0.99, 0.999];
      const quantiles = memberForecasts[name]({ stepMs: 300_000, startMs: 0, values }, 12, levels);
      expect(quantiles).toHaveLength(12);
      for (const step of quantiles) {
        expect(step.every(Number.isFinite)).toBe(true);
        for (let k = 1; k < levels.length; k++) expect(step[k]).toBeGreaterThanOrEqual(step[k - 1] as number);
      }
    },
  );
});
