import { type Clock, formatDuration } from '@forescale/shared/time';

/** A provider that asks for more is asked again after this. */
const QUIET_MS_MAX = 5 * 60_000;

/** Calls are so much farther apart than the rate allows: what happens to them on their way is not in our hands. */
const PACE_MARGIN = 1.02;
const TIMER_LATE_MS = 1;

/** From one call to the next; 0: there is no limit. */
export function gapMsOf(ratePerSecond: number | null): number {
  return ratePerSecond === null ? 0 : (1_000 / ratePerSecond) * PACE_MARGIN;
}

/** How long no call may be sent. Throws when that is not to be waited for. */
type LeftMs = () => number;

/** How long the provider still wants to be left alone, as it said itself; nobody waits for longer than `waitMsMax`. */
export function quietTime(waitMsMax: number, clock: Clock) {
  let untilMs = Number.NEGATIVE_INFINITY;
  /** What is left of it. Throws `QuietError` when that is too long to be waited for. */
  const leftMs = (): number => {
    const ms = untilMs - clock.nowMs();
    // Nobody may ask for more: the clock was set back.
    if (ms <= 0 || ms > QUIET_MS_MAX) return 0;
    if (ms > waitMsMax) throw new QuietError(ms);
    return ms;
  };
  return {
    leftMs,
    askedFor(ms: number): void {
      const nowMs = clock.nowMs();
      const askedMs = nowMs + Math.min(ms, QUIET_MS_MAX);
      untilMs = untilMs > nowMs + QUIET_MS_MAX ? askedMs : Math.max(untilMs, askedMs);
    },
  };
}

/** The provider asked for more time without calls than a tick waits for; the next one comes anyway. */
export class QuietError extends Error {
  override readonly name = 'QuietError';
  readonly leftMs: number;

  constructor(leftMs: number) {
    super(`the provider asks for ${formatDuration(leftMs)} without such calls`);
    this.leftMs = leftMs;
  }
}

/**
 * Gives every caller its turn, when the provider's quiet time is over, `1/rate` apart and a little. No bursts, not even
 * after this process was held up: a provider that allows one call at a time would refuse them. Timers are late by up
 * to 1 ms, which is made up for: 100 calls at 20 a second take 99 x 51 ms. Rejects with what `leftMs` throws, before
 * the wait and after it.
 */
export function pacer(ratePerSecond: number | null, leftMs: LeftMs, ioClock: Clock): () => Promise<void> {
  const waitAtLeast = async (ms: number) => {
    await ioClock.sleep(Math.max(leftMs(), ms));
    // The calls before this one have been answered meanwhile.
    const moreMs = leftMs();
    if (moreMs > 0) await ioClock.sleep(moreMs);
  };
  if (ratePerSecond === null) return () => waitAtLeast(0);
  const gapMs = gapMsOf(ratePerSecond);
  let dueMs = Number.NEGATIVE_INFINITY;
  const takeTurn = async () => {
    // After a clock was set back, what is due seems far off.
    await waitAtLeast(Math.min(gapMs, dueMs - ioClock.nowMs()));
    dueMs = Math.max(dueMs + gapMs, ioClock.nowMs() + gapMs - TIMER_LATE_MS);
  };
  let last = Promise.resolve();
  return () => {
    const turn = last.then(takeTurn);
    last = turn.catch(() => undefined);
    return turn;
  };
}
