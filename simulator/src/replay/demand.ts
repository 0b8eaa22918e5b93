import type { Series } from '@forescale/shared/domain';
import { ReplayError } from './errors.ts';

/** 38 years of minutes; a longer span is a mistake in the times of the trace. */
const STEPS_MAX = 20_000_000;
const USUAL_STEP_OF = 5_000;

/** The load to be carried, step by step: `values[k]` holds from `startMs + k * stepMs` until the next step. */
export interface Demand {
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: Float64Array;
  /** The usual distance of two samples; 0 for a single one. */
  readonly sampleMs: number;
  /** How old the newest sample may be until the trace counts as interrupted: three times its usual step. */
  readonly silenceMsMax: number;
  /** When sample `index` of the trace is known: from then on it is the value, until the next is. */
  readonly knownAtMs: (index: number) => number;
}

/**
 * Puts a trace on steps. At each step the newest sample known holds, over gaps too. A sample of a coarse trace (its
 * usual step is longer than `stepMs`) says what was while it was measured, so it is known only when the next begins:
 * `values[k]` is then one sample late. Throws `ReplayError`.
 */
export function demandOf(trace: Series, stepMs: number): Demand {
  const { timesMs, values: samples } = trace;
  const startMs = timesMs[0];
  const endMs = timesMs.at(-1);
  if (startMs === undefined || endMs === undefined) throw new ReplayError('the trace has no samples');
  const steps = Math.floor((endMs - startMs) / stepMs) + 1;
  if (steps > STEPS_MAX) {
    throw new ReplayError(`the trace spans ${steps} steps of ${stepMs / 1_000} s; allowed: at most ${STEPS_MAX}`);
  }
  const usualMs = usualStepMs(timesMs);
  const late = usualMs > stepMs ? 1 : 0;
  const values = new Float64Array(steps);
  let reached = 0;
  for (let step = 0; step < steps; step++) {
    const nowMs = startMs + step * stepMs;
    while (reached < timesMs.length && (timesMs[reached] as number) <= nowMs) reached++;
    values[step] = samples[Math.max(0, reached - 1 - late)] as number;
  }
  const knownAtMs = (index: number) => timesMs[index + late] ?? Number.POSITIVE_INFINITY;
  return { startMs, stepMs, values, sampleMs: usualMs, silenceMsMax: 3 * Math.max(stepMs, usualMs), knownAtMs };
}

/** Median of the first differences; 0 for a single sample. */
function usualStepMs(timesMs: Float64Array): number {
  const count = Math.min(timesMs.length, USUAL_STEP_OF) - 1;
  if (count < 1) return 0;
  const steps = new Float64Array(count);
  for (let i = 0; i < count; i++) steps[i] = (timesMs[i + 1] as number) - (timesMs[i] as number);
  steps.sort();
  return ((steps[count >> 1] as number) + (steps[(count - 1) >> 1] as number)) / 2;
}
