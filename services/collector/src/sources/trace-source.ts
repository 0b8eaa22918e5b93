import { type Series, sliceSeries, upperBound } from '@forescale/shared/domain';
import type { Measurement, PulledSource, Reading } from './source.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;

/** Replays a recorded series as if an application measured it: each reading gives what is due and was not given yet. */
export class TraceSource implements PulledSource {
  readonly intervalMs = 0;
  readonly timeoutMs = null;
  readonly name: string;
  readonly #pool: string;
  readonly #signal: string;
  readonly #series: Series;
  readonly #periodMs: number | null;
  /** What is added to recorded times. */
  #shiftMs = 0;
  #next: number;

  /** Begins after `fromMs`. At the times of the record, once; with a period again and again, at whole periods from there. */
  constructor(pool: string, signal: string, series: Series, fromMs: number, periodMs: number | null = null) {
    this.name = `trace ${pool}/${signal}`;
    this.#pool = pool;
    this.#signal = signal;
    this.#periodMs = periodMs;
    this.#series =
      periodMs === null ? series : sliceSeries(series, Number.NEGATIVE_INFINITY, startOf(series) + periodMs - 1);
    if (periodMs !== null) this.#shiftMs = Math.floor((fromMs - startOf(series)) / periodMs) * periodMs;
    this.#next = upperBound(this.#series.timesMs, fromMs - this.#shiftMs);
  }

  async read(nowMs: number): Promise<Reading> {
    return { measurements: this.until(nowMs), refusals: [] };
  }

  until(nowMs: number): Measurement[] {
    const given = this.#given(nowMs);
    if (this.#periodMs === null || this.#next < this.#series.timesMs.length) return given;
    // After a long sleep of the machine only the newest period is given.
    const periods = Math.floor((nowMs - this.#shiftMs - startOf(this.#series)) / this.#periodMs);
    this.#shiftMs += Math.max(1, periods) * this.#periodMs;
    this.#next = 0;
    return [...given, ...this.#given(nowMs)];
  }

  #given(nowMs: number): Measurement[] {
    const from = this.#next;
    this.#next = Math.max(from, upperBound(this.#series.timesMs, nowMs - this.#shiftMs));
    const values = this.#series.values.subarray(from, this.#next);
    return Array.from(values, (value, index) => ({
      pool: this.#pool,
      signal: this.#signal,
      source: 'trace',
      timeMs: (this.#series.timesMs[from + index] as number) + this.#shiftMs,
      value,
    }));
  }
}

/**
 * After how long a record may begin again so that its days stay days and its weekdays weekdays: whole weeks, else whole
 * days, else its own length.
 */
export function periodOf({ timesMs }: Series): number {
  const spanMs = (timesMs.at(-1) ?? 0) - (timesMs[0] ?? 0);
  const stepMs = timesMs.length > 1 ? Math.round(spanMs / (timesMs.length - 1)) : DAY_MS;
  const lengthMs = spanMs + stepMs;
  const unitMs = [WEEK_MS, DAY_MS].find((ms) => lengthMs >= ms) ?? lengthMs;
  return Math.floor(lengthMs / unitMs) * unitMs;
}

function startOf({ timesMs }: Series): number {
  return timesMs[0] ?? 0;
}
