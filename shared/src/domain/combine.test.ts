import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Aggregate, SourceCombiner, type SourceValue, STALE_INTERVALS } from './index.ts';

const INTERVAL_MS = 60_000;
const combine = (aggregate: Aggregate, values: readonly SourceValue[]) => {
  const { timesMs, values: combined } = new SourceCombiner({ kind: 'gauge', aggregate, intervalMs: INTERVAL_MS }).add(
    values,
  );
  return Array.from(timesMs, (timeMs, index) => [timeMs, combined[index] as number]);
};
const said = (source: string, minute: number, value: number) => ({ source, timeMs: minute * INTERVAL_MS, value });

describe('several sources of one signal', () => {
  it.each<[aggregate: Aggregate, value: number]>([
    ['sum', 30],
    ['mean', 15],
    ['max', 20],
    ['last', 20],
  ])('%s of 10 and 20', (aggregate, value) => {
    expect(combine(aggregate, [said('a', 1, 10), said('b', 1, 20)])).toEqual([[INTERVAL_MS, value]]);
  });

  it('a source counts with its newest value until it said nothing for three intervals', () => {
    const values = [said('a', 0, 1), said('b', 0, 10), said('b', 3, 20), said('b', 4, 30)];
    expect(combine('sum', values).map(([, value]) => value)).toEqual([11, 21, 30]);
  });

  it('of two values of one source at one moment the later holds', () => {
    expect(combine('sum', [said('a', 1, 1), said('a', 1, 5)])).toEqual([[INTERVAL_MS, 5]]);
  });

  it('is what a look back over all values says, in one call or in many', () => {
    const values = fc
      .array(
        fc.record({
          source: fc.constantFrom('a', 'b', 'c'),
          minute: fc.integer({ min: 0, max: 20 }),
          value: fc.integer(),
        }),
      )
      .map((all) =>
        all.map(({ source, minute, value }) => said(source, minute, value)).sort((x, y) => x.timeMs - y.timeMs),
      );
    fc.assert(
      fc.property(
        values,
        fc.constantFrom<Aggregate>('sum', 'mean', 'max', 'last'),
        fc.nat(20),
        (all, aggregate, minute) => {
          const slow = [...new Set(all.map((one) => one.timeMs))].map((timeMs) => {
            const newest = new Map(all.filter((one) => one.timeMs <= timeMs).map((one) => [one.source, one]));
            const fresh = [...newest.values()]
              .filter((one) => timeMs - one.timeMs <= STALE_INTERVALS * INTERVAL_MS)
              .map((one) => one.value);
            const sum = fresh.reduce((total, value) => total + value, 0);
            const last = all.filter((one) => one.timeMs === timeMs).at(-1)?.value;
            return [timeMs, { sum, mean: sum / fresh.length, max: Math.max(...fresh), last }[aggregate]];
          });
          expect(combine(aggregate, all)).toEqual(slow);
          // Cut where no moment is split.
          const cut = all.findIndex((one) => one.timeMs > minute * INTERVAL_MS);
          const combiner = new SourceCombiner({ kind: 'gauge', aggregate, intervalMs: INTERVAL_MS });
          const parts = cut < 0 ? [all] : [all.slice(0, cut), all.slice(cut)];
          expect(parts.flatMap((part) => [...combiner.add(part).values])).toEqual(slow.map(([, value]) => value));
        },
      ),
    );
  });
});
