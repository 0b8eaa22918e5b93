import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SourceCombiner, type SourceValue, STALE_INTERVALS } from './index.ts';

const INTERVAL_MS = 60_000;
const counter = { kind: 'counter', aggregate: 'sum', intervalMs: INTERVAL_MS } as const;
const said = (source: string, minute: number, value: number) => ({ source, timeMs: minute * INTERVAL_MS, value });
/** Growth per minute, by minute. */
const growth = (values: readonly SourceValue[]) => {
  const { timesMs, values: rates } = new SourceCombiner(counter).add(values);
  return Array.from(timesMs, (timeMs, index) => [timeMs / INTERVAL_MS, Math.round(60 * (rates[index] as number))]);
};

describe('a counter', () => {
  it.each<[what: string, values: SourceValue[], growth: number[][]]>([
    ['says nothing at first', [said('a', 0, 500)], []],
    [
      'stands for its growth per second',
      [said('a', 0, 500), said('a', 1, 620), said('a', 3, 620)],
      [
        [1, 120],
        [3, 0],
      ],
    ],
    [
      'that fell has begun again at 0',
      [said('a', 0, 70), said('a', 1, 10), said('a', 2, 15)],
      [
        [1, 10],
        [2, 5],
      ],
    ],
    [
      'says nothing after a silence',
      [said('a', 0, 0), said('a', STALE_INTERVALS + 1, 90), said('a', STALE_INTERVALS + 2, 100)],
      [[5, 10]],
    ],
    [
      'of two values at one moment counts on from the later',
      [said('a', 0, 0), said('a', 1, 10), said('a', 1, 12), said('a', 2, 22)],
      [
        [1, 10],
        [2, 10],
      ],
    ],
    ['cannot be negative', [said('a', 0, 5), said('a', 1, -5), said('a', 2, 15)], [[2, 5]]],
    ['of one source resets alone', [said('a', 0, 50), said('b', 0, 50), said('a', 1, 60), said('b', 1, 20)], [[1, 30]]],
  ])('%s', (_, values, expected) => {
    expect(growth(values)).toEqual(expected);
  });

  // Moments at which something is counted, in ms, over ten minutes.
  const counted = fc.array(fc.integer({ min: 1, max: 10 * INTERVAL_MS }), { maxLength: 200 });
  const samplesOf = (events: readonly number[], startedMs: number) =>
    Array.from({ length: 11 }, (_, minute) => {
      const timeMs = minute * INTERVAL_MS;
      const since = timeMs >= startedMs ? startedMs : 0;
      return said('a', minute, events.filter((eventMs) => eventMs > since && eventMs <= timeMs).length);
    });

  it('that is cut at any moment loses what was counted since its last sample, and nothing else', () => {
    fc.assert(
      fc.property(counted, fc.integer({ min: 1, max: 10 * INTERVAL_MS }), (events, cutMs) => {
        const whole = growth(samplesOf(events, 0));
        const values = samplesOf(events, cutMs);
        const cut = growth(values);
        const minute = Math.ceil(cutMs / INTERVAL_MS);
        const before = values[minute - 1]?.value ?? 0;
        const after = values[minute]?.value ?? 0;
        const lost = events.filter((one) => one > (minute - 1) * INTERVAL_MS && one <= cutMs).length;
        // One that has already counted past its old value does not look cut: what it had before is lost as well.
        const unseen = after >= before ? before : 0;
        expect(cut).toEqual(
          whole.map(([at, grown]) => [at, at === minute ? (grown as number) - lost - unseen : grown]),
        );
      }),
    );
  });

  it('gives the same rates in one call or in many', () => {
    fc.assert(
      fc.property(counted, fc.nat(10), (events, at) => {
        const values = samplesOf(events, 0);
        const combiner = new SourceCombiner(counter);
        const parts = [values.slice(0, at), values.slice(at)].map((part) => [...combiner.add(part).values]);
        expect(parts.flat()).toEqual([...new SourceCombiner(counter).add(values).values]);
      }),
    );
  });
});
