import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

const chance = (next: number) => ({ next: () => next });

it.each([
  [1, null, 250, 500],
  [2, null, 500, 1_000],
  [4, null, 2_000, 4_000],
  [7, null, 15_000, 30_000],
  [1_000, null, 15_000, 30_000],
  [1, 7_000, 7_000, 7_000],
  [7, 7_000, 15_000, 30_000],
  [1, 3_600_000, 60_000, 60_000],
])('%i failures, Retry-After %s: from %i to %i ms', (failures, retryAfterMs, lowMs, highMs) => {
  expect(backoffMs(failures, retryAfterMs, chance(0))).toBe(lowMs);
  expect(backoffMs(failures, retryAfterMs, chance(1))).toBe(highMs);
});
