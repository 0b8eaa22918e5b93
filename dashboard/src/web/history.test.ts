import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendAfter, bridgeCells, firstAtOrAfter, type History, lastOf, mergeTail } from './history.js';

const NAMES = [
  'load',
  'q10',
  'q50',
  'q90',
  'q99',
  'ready',
  'starting',
  'desired',
  'floor',
  'ceiling',
  'usd',
  'reactiveUsd',
] as const;

/** A history in which every column is `cells`, unless one is named. */
function historyOf(timesS: number[], cells: (number | null)[], stepS = 60): History {
  const columns = Object.fromEntries(NAMES.map((name) => [name, [...cells]]));
  return { stepS, timesS, columns: columns as History['columns'] };
}

describe('mergeTail', () => {
  test('the tail replaces what it overlaps, and what is before the range goes', () => {
    const merged = mergeTail(
      historyOf([0, 60, 120, 180], [1, 2, 3, null]),
      historyOf([120, 180, 240], [30, 40, 50]),
      60,
    );
    expect(merged.timesS).toEqual([60, 120, 180, 240]);
    expect(merged.columns.load).toEqual([2, 30, 40, 50]);
    expect(merged.columns.usd).toEqual([2, 30, 40, 50]);
  });

  test('an empty tail changes nothing but the beginning', () => {
    expect(mergeTail(historyOf([0, 60], [1, 2]), historyOf([], []), 60).columns.ready).toEqual([2]);
  });

  test('a tail after the whole range leaves only itself', () => {
    const merged = mergeTail(historyOf([0, 60], [1, 2]), historyOf([600], [9]), 300);
    expect(merged.timesS).toEqual([600]);
    expect(merged.columns.load).toEqual([9]);
  });

  test('times stay ascending and columns as long as they', () => {
    const times = fc
      .uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 40 })
      .map((list) => list.toSorted((a, b) => a - b));
    fc.assert(
      fc.property(times, times, fc.integer({ min: 0, max: 500 }), (known, tail, fromS) => {
        const merged = mergeTail(historyOf(known, known), historyOf(tail, tail), fromS);
        expect(merged.timesS).toEqual(merged.columns.load);
        for (let i = 1; i < merged.timesS.length; i++)
          expect(merged.timesS[i]).toBeGreaterThan(merged.timesS[i - 1] ?? 0);
      }),
    );
  });
});

test('appendAfter: only what came after the end is added', () => {
  const joined = appendAfter(historyOf([0, 600], [1, 2], 600), historyOf([540, 600, 660], [7, 8, 9]));
  expect(joined.timesS).toEqual([0, 600, 660]);
  expect(joined.columns.load).toEqual([1, 2, 9]);
  expect(joined.stepS).toBe(600);
});

describe('bridgeCells', () => {
  test('a signal each five minutes leaves no holes: measured values on a line, states as they were', () => {
    const timesS = Array.from({ length: 11 }, (_, i) => i * 60);
    const bridged = bridgeCells(
      historyOf(
        timesS,
        timesS.map((timeS) => (timeS % 300 === 0 ? timeS : null)),
      ),
    );
    expect(bridged.columns.load).toEqual(timesS);
    expect(bridged.columns.ready).toEqual([0, 0, 0, 0, 0, 300, 300, 300, 300, 300, 600]);
  });

  test('a long gap stays a gap', () => {
    const cells = [1, 1, 1, 1, null, null, null, null, null, 1, 1];
    const bridged = bridgeCells(
      historyOf(
        cells.map((_, i) => i * 60),
        cells,
      ),
    );
    expect(bridged.columns.load).toEqual(cells);
  });

  test('what follows the last value stays unknown', () => {
    expect(bridgeCells(historyOf([0, 60, 120, 180], [1, 2, null, null])).columns.load).toEqual([1, 2, null, null]);
  });
});

test('lastOf: the last value that is known', () => {
  expect(lastOf([1, 2, null])).toBe(2);
  expect(lastOf([null])).toBeNull();
});

test('firstAtOrAfter: the index of a time, of the next one, or the length', () => {
  expect([0, 60, 61, 121].map((timeS) => firstAtOrAfter([0, 60, 120], timeS))).toEqual([0, 1, 2, 3]);
});
