import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.ts';

/** A timer that is asked for more than 24.8 days fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(ms, signal) {
    for (let restMs = ms; restMs > 0 && !signal?.aborted; restMs -= TIMER_MS_MAX) {
      await delay(Math.min(restMs, TIMER_MS_MAX), undefined, signal ? { signal } : {}).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
    }
  },
};
