import type { Random } from '../time/index.ts';

const FIRST_MS = 500;
const MAX_MS = 30_000;
/** A server that asks for more is asked earlier: a minute is a tick. */
const RETRY_AFTER_MS_MAX = 60_000;

/**
 * How long to wait after so many failures in a row: 0.5 s, 1 s, 2 s, … up to 30 s, of which the upper half is chance,
 * so that many that were cut off together do not come back together. `retryAfterMs` is waited for at least.
 */
export function backoffMs(failures: number, retryAfterMs: number | null, random: Pick<Random, 'next'>): number {
  const fullMs = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(20, failures - 1));
  return Math.max(fullMs / 2 + random.next() * (fullMs / 2), Math.min(RETRY_AFTER_MS_MAX, retryAfterMs ?? 0));
}
