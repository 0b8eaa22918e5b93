import { describe, expect, it } from 'vitest';
import { pacer, quietTime } from './pace.ts';

/** A clock that may be set back; sleeping moves it on. */
function movableClock(nowMs: number) {
  const clock = {
    nowMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += Math.max(0, ms);
    },
    set: (ms: number) => {
      nowMs = ms;
    },
  };
  return clock;
}

describe('pace: a clock that is set back by an hour', () => {
  const HOUR_MS = 3_600_000;

  it('ends a quiet time, and the next one holds', () => {
    const clock = movableClock(2 * HOUR_MS);
    const quiet = quietTime(1e9, clock);
    quiet.askedFor(60_000);
    expect(quiet.leftMs()).toBe(60_000);
    clock.set(HOUR_MS);
    expect(quiet.leftMs()).toBe(0);
    quiet.askedFor(30_000);
    expect(quiet.leftMs()).toBe(30_000);
  });

  it('costs the next turns nothing but the gap', async () => {
    const clock = movableClock(2 * HOUR_MS);
    const turn = pacer(20, quietTime(5_000, clock).leftMs, clock);
    await turn();
    clock.set(HOUR_MS);
    await turn();
    await turn();
    expect(clock.nowMs() - HOUR_MS).toBeCloseTo(2 * 51, 0);
  });
});
