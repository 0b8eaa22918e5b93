/**
 * What was noticed of a sample, which is kept all the same. `outlier`: far from what its series does. `late`: it came
 * when newer ones had come long before. `conflict`: another value of the same time had come before it, which it replaces.
 */
export const SAMPLE_FLAGS = ['outlier', 'late', 'conflict'] as const;
export type SampleFlag = (typeof SAMPLE_FLAGS)[number];

/** One measured value of one signal of one pool, from one source. `(pool, signal, source, timeMs)` identifies it. */
export interface Sample {
  readonly pool: string;
  readonly signal: string;
  readonly source: string;
  readonly timeMs: number;
  /** Finite, in the signal's own unit. */
  readonly value: number;
  /** Absent: nothing was noticed. */
  readonly flags?: readonly SampleFlag[];
}
