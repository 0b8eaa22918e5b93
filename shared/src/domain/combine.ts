import type { Series } from './series.ts';

export type Aggregate = 'sum' | 'mean' | 'max' | 'last';

/** One measured value of one source. */
export interface SourceValue {
  readonly source: string;
  readonly timeMs: number;
  readonly value: number;
}

/** A source that said nothing for this many intervals counts no more. */
export const STALE_INTERVALS = 3;

/**
 * One signal out of its sources' values, which must be in order of time. At every moment at which any source spoke,
 * the newest values of all sources that are not stale are aggregated: two replicas with 10 and 20 requests per second
 * are 30 (`sum`), 15 (`mean`) or 20 (`max`); `last` takes what came last.
 */
export class SourceCombiner {
  readonly #aggregate: Aggregate;
  readonly #staleMs: number;
  readonly #newest = new Map<string, SourceValue>();

  constructor(aggregate: Aggregate, intervalMs: number) {
    this.#aggregate = aggregate;
    this.#staleMs = STALE_INTERVALS * intervalMs;
  }

  /** The combined samples of these values; state goes on from call to call. */
  add(values: readonly SourceValue[]): Series {
    const timesMs: number[] = [];
    const combined: number[] = [];
    for (const [index, value] of values.entries()) {
      if (this.#aggregate !== 'last') this.#newest.set(value.source, value);
      if (values[index + 1]?.timeMs === value.timeMs) continue;
      timesMs.push(value.timeMs);
      combined.push(this.#combine(value));
    }
    return { timesMs: Float64Array.from(timesMs), values: Float64Array.from(combined) };
  }

  #combine(last: SourceValue): number {
    if (this.#aggregate === 'last' || this.#newest.size === 1) return last.value;
    let sum = 0;
    let max = Number.NEGATIVE_INFINITY;
    for (const [source, one] of this.#newest) {
      if (last.timeMs - one.timeMs > this.#staleMs) {
        this.#newest.delete(source);
        continue;
      }
      sum += one.value;
      max = Math.max(max, one.value);
    }
    if (this.#aggregate === 'max') return max;
    return this.#aggregate === 'mean' ? sum / this.#newest.size : sum;
  }
}
