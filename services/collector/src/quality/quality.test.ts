import { parseConfig } from '@forescale/shared/config';
import type { Sample } from '@forescale/shared/domain';
import { seededRandom } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { Quality } from './quality.ts';

const MINUTE_MS = 60_000;
const DAY = 1_440;
const { pools } = parseConfig(
  'autoscaler: { pools: [{ name: web, signals: [{ name: rps, unit: "1/s" }, { name: bytes, unit: B }, { name: any }, { name: hits, kind: counter }] }] }',
  'test',
  {},
);
const measurement = (
  minute: number,
  value: number,
  more: { readonly signal?: string; readonly unit?: string } = {},
) => ({
  ...{ pool: 'web', signal: 'rps', source: 'shop', timeMs: minute * MINUTE_MS, value },
  ...more,
});
const assess = (quality: Quality, ...one: Parameters<typeof measurement>) =>
  quality.assess(measurement(...one)) as Sample;

/** A day's season with noise that is in proportion to it. */
function season(seed: number, length: number): number[] {
  const random = seededRandom(seed);
  const noise = () => (random.next() + random.next() + random.next() - 1.5) / 4;
  return Array.from({ length }, (_, i) => (200 + 150 * Math.sin((2 * Math.PI * i) / DAY)) * (1 + noise()));
}

const outliersOf = (values: readonly number[], signal = 'rps') => {
  const quality = new Quality(pools);
  return values.flatMap((value, i) => (assess(quality, i, value, { signal }).flags?.includes('outlier') ? [i] : []));
};

describe('outliers', () => {
  it('of a week with a season and noise next to none', () => {
    for (const seed of [1, 2, 3, 4, 5])
      expect(outliersOf(season(seed, 7 * DAY)).length, `seed ${seed}`).toBeLessThan(7 * DAY * 0.001);
  });

  it('spikes are found, and the values after them are none', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const values = season(seed, 7 * DAY);
      const spikes = [500, 1_500, 3_000, 5_000, 9_000];
      for (const at of spikes) values[at] = (values[at] as number) * 6;
      expect(outliersOf(values), `seed ${seed}`).toEqual(expect.arrayContaining(spikes));
      expect(outliersOf(values).length, `seed ${seed}`).toBeLessThan(spikes.length + 8);
    }
  });

  it('a series that stays where it jumped to is at home there with its second value', () => {
    const values = season(1, DAY).concat(season(2, DAY).map((value) => value * 5));
    expect(outliersOf(values).filter((i) => i >= DAY && i < DAY + 10)).toEqual([DAY]);
  });

  it('a series that has become restless is known for it after five of them, in the mean', () => {
    const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
    const found = seeds.flatMap((seed) => {
      const random = seededRandom(seed);
      const noise = () => random.next() + random.next() + random.next() - 1.5;
      const values = Array.from({ length: 2_000 }, (_, i) => 1_000 + (i < 1_000 ? 10 : 600) * noise());
      return outliersOf(values).filter((i) => i >= 1_000);
    });
    expect(found.length).toBeLessThanOrEqual(5 * seeds.length);
    expect(found.filter((i) => i >= 1_100)).toEqual([]);
  });

  it('of a counter there are none, and a still series may begin to move', () => {
    expect(outliersOf([1, 5, 9, 1e6, 2e6, 0, 3e6], 'hits')).toEqual([]);
    const still = Array.from({ length: 200 }, () => 10);
    expect(outliersOf([...still, 11, 11, 12, 11.5])).toEqual([]);
  });
});

describe('times', () => {
  it('one that comes again is counted and not marked; another value of its time is', () => {
    const quality = new Quality(pools);
    assess(quality, 1, 5);
    expect(assess(quality, 1, 5).flags).toBeUndefined();
    expect(quality.takeDuplicates()).toBe(1);
    expect(quality.takeDuplicates()).toBe(0);
    expect(assess(quality, 1, 6).flags).toEqual(['conflict']);
    expect(assess(quality, 1, 6).flags).toBeUndefined();
  });

  it('late is what comes more than three intervals behind', () => {
    const quality = new Quality(pools);
    assess(quality, 10, 5);
    expect(assess(quality, 7, 5).flags).toBeUndefined();
    expect(assess(quality, 6.9, 5).flags).toEqual(['late']);
    expect(assess(quality, 11, 5).flags).toBeUndefined();
  });

  it('series are told apart', () => {
    const quality = new Quality(pools);
    assess(quality, 10, 5);
    expect(assess(quality, 1, 5, { signal: 'any' }).flags).toBeUndefined();
  });

  it('keeps no more series than it may', () => {
    const quality = new Quality(pools);
    const of = (source: number, minute: number) =>
      quality.assess({ ...measurement(minute, 1), source: `s${source}` }) as Sample;
    for (let i = 0; i <= 20_000; i++) of(i, 10);
    // The first was forgotten: nothing is late of it. The last was not.
    expect(of(0, 1).flags).toBeUndefined();
    expect(of(20_000, 1).flags).toEqual(['late']);
  });
});

describe('units', () => {
  it('are converted to that of the signal', () => {
    const quality = new Quality(pools);
    expect(assess(quality, 1, 120, { unit: 'req/min' })).toMatchObject({ value: 2 });
    expect(assess(quality, 1, 3, { signal: 'bytes', unit: 'MiBy' })).toMatchObject({ value: 3 * 2 ** 20 });
    expect(assess(quality, 2, 3, { signal: 'bytes' })).toEqual(measurement(2, 3, { signal: 'bytes' }));
  });

  it('are not asked for where the signal has none, and refused where there is no way', () => {
    const quality = new Quality(pools);
    expect(assess(quality, 1, 7, { signal: 'any', unit: 'bananas' })).toEqual(measurement(1, 7, { signal: 'any' }));
    expect(quality.assess(measurement(1, 7, { signal: 'bytes', unit: 's' }))).toEqual({
      reason: 'unit = "s": allowed: "B" and what converts to it',
    });
  });
});
