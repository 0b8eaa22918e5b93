import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { highestOf, loadTop, nodesTop, roundUp, steadyTop } from './scales.js';

test('roundUp: round, never below, never more than half above', () => {
  expect([0, 0.5, 1, 11, 1240, 99_000].map(roundUp)).toEqual([1, 0.5, 1, 12, 1400, 100_000]);
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (value) => {
      expect(roundUp(value)).toBeGreaterThanOrEqual(value * (1 - 1e-8));
      expect(roundUp(value)).toBeLessThanOrEqual(value * 1.5);
    }),
  );
});

describe('steadyTop', () => {
  test('it keeps the top while the values still fit and fill more than half', () => {
    expect(steadyTop(2000, 1100)).toBe(2000);
  });
  test('it grows at once, and shrinks when half stands empty', () => {
    expect(steadyTop(1000, 1300)).toBe(1400);
    expect(steadyTop(2000, 900)).toBe(1000);
  });
});

test('loadTop: a rare 99 % peak does not flatten the rest', () => {
  expect(loadTop({ load: [100], q90: [120], q99: [10_000] })).toBeCloseTo(168);
  expect(loadTop({ load: [100], q90: [120], q99: [130, null] })).toBe(130);
});

test('nodesTop: a ceiling that is near is shown, one far above is not', () => {
  expect(nodesTop({ occupied: [8], desired: [9], floor: [2], ceiling: [12] })).toBe(12);
  expect(nodesTop({ occupied: [8], desired: [9], floor: [2], ceiling: [60] })).toBe(9);
});

test('highestOf: 0 of nothing', () => {
  expect(highestOf([null, null])).toBe(0);
});
