import type { Clock } from './clock.ts';
import { systemClock } from './system-clock.ts';

/** Counts from the start of the process and never jumps: for how long ago something was, never for what time it is. */
export const steadyClock: Clock = {
  nowMs: () => performance.now(),
  sleep: systemClock.sleep,
};
