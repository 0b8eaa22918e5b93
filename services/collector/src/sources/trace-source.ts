import { type Series, upperBound } from '@forescale/shared/domain';
import type { Measurement, PulledSource, Reading } from './source.ts';

/** Replays a recorded series as if an application measured it: each reading gives what is due and was not given yet. */
export class TraceSource implements PulledSource {
  readonly intervalMs = 0;
  readonly timeoutMs = null;
  readonly name: string;
  readonly #pool: string;
  readonly #signal: string;
  readonly #series: Series;
  #next: number;

  constructor(pool: string, signal: string, series: Series, fromMs: number) {
    this.name = `trace ${pool}/${signal}`;
    this.#pool = pool;
    this.#signal = signal;
    this.#series = series;
    this.#next = upperBound(series.timesMs, fromMs);
  }

  async read(nowMs: number): Promise<Reading> {
    return { measurements: this.until(nowMs), refusals: [] };
  }

  until(nowMs: number): Measurement[] {
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
