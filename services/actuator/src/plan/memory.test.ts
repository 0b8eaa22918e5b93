import { describe, expect, it } from 'vitest';
import {
  EMPTY_MEMORY,
  type PlanMemory,
  withFailure,
  withFailures,
  withoutOldMarks,
  withoutServedMarks,
} from './memory.ts';

const MINUTE_MS = 60_000;
const NOON = Date.UTC(2026, 2, 3, 12);
const minutesLeft = (memory: PlanMemory, id: string) => ((memory.marks[id]?.untilMs ?? NOON) - NOON) / MINUTE_MS;

describe('memory: how long an offering is passed over', () => {
  it('as long as its provider says, however often it has failed', () => {
    let memory = withFailures(EMPTY_MEMORY, ['a', 'b'], NOON, 3 * MINUTE_MS);
    expect([minutesLeft(memory, 'a'), minutesLeft(memory, 'b')]).toEqual([3, 3]);
    memory = withFailures(memory, ['a'], NOON + 10 * MINUTE_MS, 3 * MINUTE_MS);
    expect([minutesLeft(memory, 'a'), minutesLeft(memory, 'b')]).toEqual([13, 3]);
    expect(memory.lastFailureMs).toBe(NOON + 10 * MINUTE_MS);
  });

  it('no less than before when it has failed as the last resort', () => {
    const memory = withFailures(EMPTY_MEMORY, ['a'], NOON, 60 * MINUTE_MS);
    expect(minutesLeft(withFailures(memory, ['a'], NOON + MINUTE_MS, 3 * MINUTE_MS), 'a')).toBe(60);
  });

  it('a machine that never came backs off from what failed before, whatever the provider said of it', () => {
    const memory = withFailures(EMPTY_MEMORY, ['a'], NOON, 3 * MINUTE_MS);
    expect(minutesLeft(withFailure(memory, 'a', NOON + 20 * MINUTE_MS), 'a')).toBe(30);
  });

  it('one that is not to be had for a day is not tried earlier because a machine of it never came', () => {
    const memory = withFailures(EMPTY_MEMORY, ['a'], NOON, 23 * 60 * MINUTE_MS);
    expect(minutesLeft(withFailure(memory, 'a', NOON + MINUTE_MS), 'a')).toBe(23 * 60);
  });

  it('until it has delivered what was requested since; what came of the same requests frees nothing', () => {
    const memory = withFailure(EMPTY_MEMORY, 'a', NOON);
    const marked = (deliveredMs: number) => 'a' in withoutServedMarks(memory, new Map([['a', deliveredMs]])).marks;
    expect([NOON - 1, NOON, NOON + 1].map(marked)).toEqual([true, true, false]);
  });

  it('a mark of a day is kept for a day, and one that is over for the three hours in which failures add up', () => {
    const memory = withFailures(withFailure(EMPTY_MEMORY, 'b', NOON), ['a'], NOON, 23 * 60 * MINUTE_MS);
    const after = (hours: number) => Object.keys(withoutOldMarks(memory, NOON + hours * 60 * MINUTE_MS).marks).sort();
    expect([after(2), after(22), after(23)]).toEqual([['a', 'b'], ['a'], []]);
  });
});
