import { expect, it } from 'vitest';
import { networkInputs } from './network-features.ts';
import { rowsWithin } from './network-rows.ts';

it.each([
  ['of a usual horizon there may be 200,000', 14, 200_000, 200_000],
  ['a day ahead in cells of 5 min', 290, 200_000, 17_000],
  ['of the longest horizon still some', 10_000, 8_000, 500],
])('rows: %s', (_, horizon, rowsMax, atLeast) => {
  const rows = rowsWithin(rowsMax, horizon);
  expect(rows).toBeGreaterThanOrEqual(atLeast);
  expect(rows).toBeLessThanOrEqual(rowsMax);
  expect(rows * 4 * (networkInputs(horizon) + horizon)).toBeLessThanOrEqual(100 * 1_024 ** 2);
});
