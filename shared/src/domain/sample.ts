/** One measured value of one signal of one pool, from one source. `(pool, signal, source, timeMs)` identifies it. */
export interface Sample {
  readonly pool: string;
  readonly signal: string;
  readonly source: string;
  readonly timeMs: number;
  /** Finite, in the signal's own unit. */
  readonly value: number;
}
