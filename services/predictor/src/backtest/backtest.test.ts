import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { syntheticLoad } from '../model/synthetic-load.ts';
import { type BacktestOptions, backtest } from './backtest.ts';
import { BacktestTooShortError } from './errors.ts';
import { originsOf } from './origins.ts';
import { lossesByOrigin, scoreForecasts } from './score.ts';
import { telltale } from './telltale.test-data.ts';

const LEVELS = [0.1, 0.5, 0.9, 0.95, 0.99];

/** 400 cells with short gaps throughout and one long one; every number below comes from Python on this series. */
function gappyValues(): Float64Array {
  return Float64Array.from({ length: 400 }, (_, i) => {
    const absent = [7, 8, 9].includes(i % 50) || (i >= 340 && i < 352);
    return absent ? Number.NaN : 100 + ((i * 37) % 23);
  });
}

describe('origins', () => {
  // Python: evalgrid.origins(y, 12, 10) and evalgrid.origins(y, 24, 7).
  it('are those of the protocol', () => {
    expect(originsOf(gappyValues(), 12, 10, 0.2)).toEqual([320, 361, 365, 369, 380, 385]);
    expect(originsOf(gappyValues(), 24, 7, 0.2)).toEqual([361, 373]);
  });

  it('are none in a series without a complete window', () => {
    expect(originsOf(new Float64Array(100).fill(Number.NaN), 12, 10, 0.2)).toEqual([]);
    expect(originsOf(new Float64Array(10), 12, 10, 0.2)).toEqual([]);
  });
});

describe('score', () => {
  // Python: score.score(y, origins, 12, forecasts, 24, True) with NumPy.
  it('is what an outside scorer computes', () => {
    const origins = [320, 361, 365, 369, 380, 385];
    const forecasts = origins.map(() =>
      Object.fromEntries(LEVELS.map((q) => [String(q), Array.from({ length: 12 }, (_, k) => 100 + 20 * q + 0.5 * k)])),
    );
    const score = scoreForecasts(gappyValues(), origins, forecasts, LEVELS, 24);
    expect(score.wql).toBeCloseTo(0.023062401204365826, 12);
    expect(score.mase).toBeCloseTo(0.5622925209919938, 12);
    expect(score.coverage['0.9']).toBeCloseTo(0.9444444444444444, 12);
    expect(score.coverage['0.99']).toBeCloseTo(0.9583333333333334, 12);
    const losses = lossesByOrigin(gappyValues(), origins, forecasts, LEVELS);
    const sum = (pick: 'loss' | 'size') => losses.reduce((total, origin) => total + origin[pick], 0);
    expect(sum('loss') / sum('size')).toBeCloseTo(score.wql, 12);
  });
});

describe('backtest', () => {
  const series = syntheticLoad(21, 4 * 1_440);
  const options: BacktestOptions = { horizon: 12, origins: 12, testFraction: 0.2 };

  it('answers every origin with finite quantiles that do not cross', async () => {
    const result = await backtest(series, options, null, () => {});
    expect(result.step).toBe(300);
    expect(result.origins).toHaveLength(12);
    expect(result.timestamps[0]).toMatch(/^2024-01-04T/);
    for (const method of ['forescale', 'seasonal-naive', 'persistence']) {
      const forecasts = result.methods[method]?.forecasts ?? [];
      expect(forecasts).toHaveLength(12);
      for (const forecast of forecasts) {
        for (const [k, level] of LEVELS.entries()) {
          const values = forecast[String(level)] as number[];
          expect(values).toHaveLength(12);
          expect(values.every(Number.isFinite)).toBe(true);
          const below = forecast[String(LEVELS[k - 1])];
          for (const [i, value] of values.entries()) expect(value).toBeGreaterThanOrEqual(below?.[i] ?? 0);
        }
      }
    }
    const wql = (method: string) => result.scores[method]?.wql as number;
    expect(wql('forescale')).toBeLessThan(wql('persistence'));
    expect(wql('forescale')).toBeLessThan(wql('seasonal-naive'));
  });

  it('no sample at or after an origin changes the forecasts up to it', async () => {
    const { origins, methods } = await backtest(series, options, telltale, () => {});
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 11 }),
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        async (index, value) => {
          const cutMs = (Math.floor((series.timesMs[0] as number) / 300_000) + (origins[index] as number)) * 300_000;
          const values = series.values.map((old, i) => ((series.timesMs[i] as number) < cutMs ? old : value + (i % 5)));
          const changed = await backtest({ timesMs: series.timesMs, values }, options, telltale, () => {});
          for (const method of Object.keys(methods)) {
            const kept = changed.methods[method]?.forecasts.slice(0, index + 1);
            expect(kept).toEqual(methods[method]?.forecasts.slice(0, index + 1));
          }
        },
      ),
      { numRuns: 6 },
    );
  });

  it('is the same each time', async () => {
    const once = await backtest(series, options, null, () => {});
    expect(await backtest(series, options, null, () => {})).toEqual(once);
  });

  it('runs single members by name, tells its progress and measures with the clock it is given', async () => {
    let now = 0;
    const shares: number[] = [];
    const result = await backtest(
      series,
      { ...options, methods: ['ridge-log', 'holt-winters'], nowMs: () => (now += 500) },
      null,
      (done, of) => shares.push(done / of),
    );
    expect(Object.keys(result.scores)).toEqual(['ridge-log', 'holt-winters']);
    expect(result.methods['ridge-log']?.seconds).toBe(0.5);
    expect(shares.at(-1)).toBe(1);
    for (let i = 1; i < shares.length; i++) expect(shares[i]).toBeGreaterThanOrEqual(shares[i - 1] as number);
  });

  it('runs the network alone, unless there is none', async () => {
    const alone: BacktestOptions = { ...options, methods: ['ridge-log', 'network'] };
    const { methods } = await backtest(series, alone, telltale, () => {});
    expect(methods.network?.forecasts).toHaveLength(12);
    expect(methods.network?.forecasts).not.toEqual(methods['ridge-log']?.forecasts);
    expect(Object.keys((await backtest(series, alone, null, () => {})).methods)).toEqual(['ridge-log']);
  });

  it('scores maxima beside, out of the measured seconds', async () => {
    let now = 0;
    const shares: number[] = [];
    const timed: BacktestOptions = { ...options, methods: ['persistence'], maxima: true, nowMs: () => (now += 500) };
    const result = await backtest(series, timed, null, (done, of) => shares.push(done / of));
    expect(Object.keys(result.maxima)).toEqual(['3', '10', '30']);
    expect(result.methods.persistence?.seconds).toBe(0.5);
    expect(shares.at(-1)).toBe(1);
    expect((await backtest(series, { ...timed, maxima: false }, null, () => {})).maxima).toEqual({});
  });

  it('says when a series is too short', async () => {
    await expect(backtest(syntheticLoad(1, 60), options, null, () => {})).rejects.toThrow(BacktestTooShortError);
  });
});
