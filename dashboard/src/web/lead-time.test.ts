import { describe, expect, test } from 'vitest';
import { leadTimes, quantileOf } from './lead-time.js';

/** One cell a minute, 100 a node. */
function check(load: (number | null)[], ready: (number | null)[], expected: number[]) {
  expect(
    leadTimes(
      load.map((_, i) => i * 60),
      load,
      ready,
      100,
    ),
  ).toEqual(expected);
}

describe('leadTimes', () => {
  test('a node that was Ready three minutes before the load came', () =>
    check([100, 100, 100, 100, 150], [1, 2, 2, 2, 2], [180]));
  test('a node that came two minutes late', () => check([100, 150, 150, 150], [1, 1, 1, 2], [-120]));
  test('two nodes at once, each with its own need', () => check([100, 100, 150, 250], [1, 3, 3, 3], [60, 120]));
  test('in time to the cell is 0', () => check([100, 150], [1, 2], [0]));
  test('a node that was there all along, or never needed, does not count', () => {
    check([100, 150, 100], [2, 2, 2], []);
    check([100, 100, 100], [1, 2, 1], []);
  });
  test('a node counts once, though the load comes and goes', () =>
    check([100, 100, 150, 90, 150], [1, 2, 2, 2, 2], [60]));
  test('cells without data are passed over', () => check([100, 100, null, 150], [1, 2, null, 2], [120]));
});

test('quantileOf: nothing of nothing', () => {
  expect(quantileOf([], 0.5)).toBeNull();
  expect([0, 0.5, 1].map((share) => quantileOf([1, 2, 3], share))).toEqual([1, 2, 3]);
});
