import { expect, it } from 'vitest';
import { type Trial, verdictOn } from './verdict.ts';

const STEP_MS = 300_000;

it.each<[Trial, 'keep' | 'reject' | null]>([
  [{ cells: 0, ratio: Number.NaN }, null],
  [{ cells: 143, ratio: 9 }, null],
  [{ cells: 144, ratio: 1.05 }, 'keep'],
  [{ cells: 144, ratio: 1.06 }, 'reject'],
  [{ cells: 500, ratio: 0.5 }, 'keep'],
  [{ cells: 144, ratio: Number.POSITIVE_INFINITY }, 'reject'],
  [{ cells: 144, ratio: Number.NaN }, 'keep'],
])('after %j: %s', (trial, verdict) => {
  expect(verdictOn(trial, STEP_MS)).toBe(verdict);
});
