/** A step counts as far when it is so many times what 19 of 20 steps of its series stay below. */
const FAR = 4;
/** And never when it is less than this share of the level: a still series may begin to move. */
const SHARE_MIN = 0.2;
/** Before so many steps nobody knows what is usual. */
const WARM_UP = 30;
/** One more value near the last that was far, and this is where the series is now. */
const SHIFT_AFTER = 2;
/** The 0.95 quantile of steps is followed in ratios: up by UP when one is above it, down by 1/19 of that when below. */
const UP = Math.log(1.3);
const DOWN = UP / 19;

/** What is known of a series' steps. */
export interface Steps {
  /** The last value that was not far. */
  level: number;
  /** Logarithm of what 19 of 20 steps stay below. */
  usual: number;
  /** Up to WARM_UP. */
  seen: number;
  /** Values in a row that were far from the level, and near each other. */
  far: number;
  lastFar: number;
}

export function firstStep(value: number): Steps {
  return { level: value, usual: Number.NEGATIVE_INFINITY, seen: 0, far: 0, lastFar: value };
}

/**
 * Takes note of the next value of a series and says whether it is an outlier: far from the values before, as far as they
 * tell. A series that stays where it jumped to has a new level with its second value, and is none there.
 */
export function isOutlier(steps: Steps, value: number): boolean {
  const step = Math.abs(value - steps.level);
  const limit = Math.max(FAR * Math.exp(steps.usual), SHARE_MIN * Math.abs(steps.level));
  if (steps.seen < WARM_UP || step <= limit || step === 0) {
    follow(steps, value, step);
    return false;
  }
  const staysThere = steps.far > 0 && Math.abs(value - steps.lastFar) <= Math.max(limit, SHARE_MIN * Math.abs(value));
  steps.far = staysThere ? steps.far + 1 : 1;
  steps.lastFar = value;
  if (steps.far < SHIFT_AFTER) {
    // A series that has become restless is known for it after some ten of them.
    steps.usual += UP;
    return true;
  }
  follow(steps, value, step);
  return false;
}

function follow(steps: Steps, value: number, step: number): void {
  steps.level = value;
  steps.far = 0;
  if (steps.seen < WARM_UP) steps.seen++;
  if (step === 0) {
    steps.usual -= DOWN;
    return;
  }
  const log = Math.log(step);
  // The first one that moves at all is the first guess.
  if (steps.usual === Number.NEGATIVE_INFINITY) steps.usual = log;
  else steps.usual += log > steps.usual ? UP : -DOWN;
}
