import { FORECAST_LEVELS, type Series } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { MINUTE_MS, START_MS, syntheticLoad } from '../model/synthetic-load.ts';
import { type Maximum, maximaAfter, scoreMaxima } from './maxima.ts';
import { telltale } from './telltale.test-data.ts';

const DAY = 1_440;

function keep(series: Series, isKept: (minute: number) => boolean): Series {
  const kept = Array.from(series.timesMs.keys()).filter(isKept);
  return {
    timesMs: Float64Array.from(kept, (i) => series.timesMs[i] as number),
    values: Float64Array.from(kept, (i) => series.values[i] as number),
  };
}

describe('maxima: coverage', () => {
  const burst = (minute: number) => 100 * (1 + 2 * Math.exp(-(minute % 700) / 30));
  it.each<[what: string, series: Series]>([
    ['a day with noise', syntheticLoad(3, 10 * DAY)],
    ['bursts', syntheticLoad(4, 10 * DAY, burst)],
    ['a sample in 2 min', keep(syntheticLoad(5, 14 * DAY), (minute) => minute % 2 === 0)],
    [
      'a fifth of the samples lost',
      keep(syntheticLoad(6, 10 * DAY), (minute) => (minute * 7) % 5 !== 0 || minute > 8 * DAY),
    ],
  ])('%s', async (_what, series) => {
    const scores = await scoreMaxima(series, 0.2, null, () => {});
    expect(Object.keys(scores)).toEqual(['3', '10', '30']);
    for (const [minutes, { moments, coverage, relative, pinball }] of Object.entries(scores)) {
      expect(moments, minutes).toBeGreaterThan(250);
      expect(Object.keys(coverage)).toEqual(FORECAST_LEVELS.map(String));
      expect(coverage['0.5'], minutes).toBeGreaterThan(0.35);
      expect(coverage['0.5'], minutes).toBeLessThan(0.65);
      expect(coverage['0.95'], minutes).toBeGreaterThan(0.9);
      expect(coverage['0.95'], minutes).toBeLessThan(0.99);
      expect(coverage['0.999'], minutes).toBeGreaterThan(0.98);
      expect(relative, minutes).toBeLessThan(0.1);
      expect(pinball / relative, minutes).toBeGreaterThan(50);
    }
  });

  it('is nothing for a series of 5 min and coarser', async () => {
    const coarse = keep(syntheticLoad(3, 10 * DAY), (minute) => minute % 5 === 0);
    expect(await scoreMaxima(coarse, 0.2, null, () => {})).toEqual({});
  });
});

describe('maxima: what is compared', () => {
  const series = syntheticLoad(8, 4 * DAY);
  const minuteOf = (timeMs: number) => (timeMs - START_MS) / MINUTE_MS;

  it('is the highest sample after the moment, up to the lead', async () => {
    const seen = await collect(series);
    expect(seen.length).toBeGreaterThan(1_200);
    for (const { issuedMs, minutes, highest } of seen) {
      const at = minuteOf(issuedMs);
      expect(highest).toBe(Math.max(...series.values.subarray(at + 1, at + 1 + minutes)));
    }
  });

  it('never has its window in a gap', async () => {
    const gap = (minute: number) => minute >= 3.4 * DAY && minute < 3.5 * DAY;
    for (const { issuedMs, minutes } of await collect(keep(series, (minute) => !gap(minute)))) {
      const at = minuteOf(issuedMs);
      const lost = Array.from({ length: minutes }, (_, k) => at + 1 + k).filter(gap).length;
      expect(lost / minutes).toBeLessThanOrEqual(0.1);
    }
  });

  it('no sample after a moment changes the forecasts up to it', async () => {
    const known = await collect(series);
    for (const k of [0, 700]) {
      const cutMs = known[k]?.issuedMs as number;
      const values = series.values.map((old, i) => ((series.timesMs[i] as number) <= cutMs ? old : 1e5 + (i % 7)));
      const until = (all: Maximum[]) =>
        all.filter(({ issuedMs }) => issuedMs <= cutMs).map(({ quantiles }) => quantiles);
      expect(until(await collect({ timesMs: series.timesMs, values }))).toEqual(until(known));
    }
  });

  async function collect(of: Series): Promise<Maximum[]> {
    const all: Maximum[] = [];
    await maximaAfter(
      of,
      0.2,
      telltale,
      (maximum) => all.push(maximum),
      () => {},
    );
    return all;
  }
});
