import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 25;

/**
 * Asks `probe` until it gives something other than null, undefined or false; rejects after `withinMs` with what it was
 * and the last error. For what really takes time: processes, servers, sockets.
 */
export async function eventually<T>(
  what: string,
  withinMs: number,
  probe: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== null && found !== undefined && found !== false) return found;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`, { cause: last });
    await delay(POLL_MS);
  }
}

/**
 * The outcome of `work`, which waits on a clock that `meanwhile` moves, every so often for as long as it takes.
 * Rejects after `withinMs`.
 */
export async function seeThrough<T>(work: Promise<T>, withinMs: number, meanwhile: () => void): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  const patience = new AbortController();
  const settled = work.then(
    () => true,
    () => true,
  );
  const tired = () => delay(POLL_MS, false, { signal: patience.signal }).catch(() => false);
  try {
    while (!(await Promise.race([settled, tired()]))) {
      if (performance.now() > deadlineMs) throw new Error(`not done within ${withinMs} ms`);
      meanwhile();
    }
  } finally {
    patience.abort();
  }
  return await work;
}
