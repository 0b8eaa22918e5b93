import { expect, test } from 'vitest';
import { spending } from './money.js';

test('spending: rates hold until the next cell', () => {
  expect(spending([0, 1800, 3600], [2, 4, 9], [4, 4, 9], 1800)).toEqual({
    spent: 3,
    reactive: 4,
    saved: 1,
    seconds: 3600,
  });
});

test('spending: what is not known on both sides is not compared, a gap costs nothing', () => {
  expect(spending([0, 60, 36_000], [1, 1, 1], [null, 1, 1], 60).seconds).toBe(60);
});
