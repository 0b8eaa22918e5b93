import { CounterRates } from './counter.ts';
import type { Series } from './series.ts';

export type Aggregate = 'sum' | 'mean' | 'max' | 'last';

/** One measured value of one source. */
export interface SourceValue {
  readonly source: string;
  readonly timeMs: number;
  readonly value: number;
}

/** How the values of a signal are to be read. */
export interface SignalReading {
  /** A counter only grows, and begins again near 0 with its process: it stands for its growth per second. */
  readonly kind: 'gauge' | 'counter';
  readonly aggregate: Aggregate;
  readonly intervalMs: number;
}

/** A source that said nothing for this many intervals counts no more. */
export const STALE_INTERVALS = 3;

/** How far back a look must go to know a signal at a moment: a counter's growth begins at the sample before. */
export function lookBackMs({ kind, intervalMs }: SignalReading): number {
  return (kind === 'counter' ? 2 : 1) * STALE_INTERVALS * intervalMs;
}

/**
 * One signal out of its sources' values, which must be in order of time. Counters become rates first. At every moment at which any source spoke,
 * the newest values of all sources that are not stale are aggregated: two replicas with 10 and 20 requests per second
 * are 30 (`sum`), 15 (`mean`) or 20 (`max`); `last` takes what came last.
 */
export class SourceCombiner {
  readonly #aggregate: Aggregate;
  readonly #staleMs: number;
  readonly #newest = new Map<string, SourceValue>();
  readonly #rates: CounterRates | null;

  constructor({ kind, aggregate, intervalMs }: SignalReading) {
    this.#aggregate = aggregate;
    this.#staleMs = STALE_INTERVALS * intervalMs;
    this.#rates = kind === 'counter' ? new CounterRates(this.#staleMs) : null;
  }

  /** The combined samples of these values; state goes on from call to call. */
  add(measured: readonly SourceValue[]): Series {
    const values = this.#rates?.add(measured) ?? measured;
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
