import { type Sample, type Series, upperBound } from '@forescale/shared/domain';

/** Replays a recorded series as if an application measured it: `until(now)` gives what is due and was not given yet. */
export class TraceSource {
  readonly #pool: string;
  readonly #signal: string;
  readonly #series: Series;
  #next: number;

  constructor(pool: string, signal: string, series: Series, fromMs: number) {
    this.#pool = pool;
    this.#signal = signal;
    this.#series = series;
    this.#next = upperBound(series.timesMs, fromMs);
  }

  until(nowMs: number): Sample[] {
    const from = this.#next;
    this.#next = Math.max(from, upperBound(this.#series.timesMs, nowMs));
    const values = this.#series.values.subarray(from, this.#next);
    return Array.from(values, (value, index) => ({
      pool: this.#pool,
      signal: this.#signal,
      source: 'trace',
      timeMs: this.#series.timesMs[from + index] as number,
      value,
    }));
  }
}
