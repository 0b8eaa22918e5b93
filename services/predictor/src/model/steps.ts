const MINUTE_MS = 60_000;
const FINE_STEP_MS = 5 * MINUTE_MS;
/** Steps on which a series may be put: they divide the hour or the day. */
const STEPS_MS = [5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720, 1440].map((minutes) => minutes * MINUTE_MS);

/** How a series is sampled, and what follows from it. */
export interface Sampling {
  /** The usual distance between two samples. */
  readonly rawStepMs: number;
  /** Cells in which shapes are learned: 5 min, or the next longer step for coarser samples. */
  readonly shapeStepMs: number;
  /** Forecasts are judged this often. */
  readonly tickMs: number;
  /** Steps in a forecast. */
  readonly steps: number;
}

export function samplingOf(rawStepMs: number, steps: number | null): Sampling {
  const shapeStepMs = STEPS_MS.find((stepMs) => stepMs >= 0.95 * rawStepMs) ?? 1440 * MINUTE_MS;
  const usual = shapeStepMs < 60 * MINUTE_MS ? 12 : 24;
  return { rawStepMs, shapeStepMs, tickMs: Math.max(MINUTE_MS, rawStepMs), steps: steps ?? usual };
}

/** Median distance of the first samples; 1 min while there are too few to tell. */
export function rawStepOf(timesMs: readonly number[]): number {
  const steps = timesMs
    .slice(1)
    .map((timeMs, i) => timeMs - (timesMs[i] as number))
    .sort((a, b) => a - b);
  return steps[steps.length >> 1] ?? FINE_STEP_MS / 5;
}
