import type { PrometheusConfig } from '@forescale/shared/config';
import { type PrometheusClient, PrometheusError } from '@forescale/shared/prometheus';
import type { Measurement, PulledSource, Reading } from './source.ts';

/** A hole is filled up to so far back: what is older `forescale import` brings. */
const CATCH_UP_MS_MAX = 6 * 3_600_000;
const CATCH_UP_POINTS_MAX = 10_000;

type Query = PrometheusConfig['queries'][number];

export interface PrometheusSourceParts {
  readonly config: PrometheusConfig;
  readonly client: PrometheusClient;
  /** The time of the newest sample that the store has of a series; null: none, or the store is away. */
  readonly newestMs: (pool: string, signal: string, source: string) => Promise<number | null>;
}

/**
 * The queries of one Prometheus. All of a reading are of one moment, a multiple of the interval, so that what is asked for
 * twice is one point. What was missed while either side was away is asked for as a range.
 */
export class PrometheusSource implements PulledSource {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly #parts: PrometheusSourceParts;
  readonly #tag: string;
  /** Up to when each query is known to be answered; absent: not asked for yet. */
  readonly #answeredMs = new Map<Query, number>();

  constructor(parts: PrometheusSourceParts) {
    const { name, intervalMs, timeoutMs } = parts.config;
    this.name = `prometheus ${name}`;
    this.intervalMs = intervalMs;
    this.timeoutMs = timeoutMs;
    this.#parts = parts;
    this.#tag = sourceTag(name);
  }

  /** A query that fails is refused by name, and takes none of the others with it; rejects when all fail. */
  async read(nowMs: number, signal: AbortSignal): Promise<Reading> {
    const atMs = Math.floor(nowMs / this.intervalMs) * this.intervalMs;
    const { queries } = this.#parts.config;
    const answers = await Promise.allSettled(queries.map((query) => this.#ask(query, atMs, signal)));
    const measurements: Measurement[] = [];
    const refusals: string[] = [];
    // Whoever asked has given up, and takes nothing any more: all of it is to be asked for again.
    signal.throwIfAborted();
    for (const [index, answer] of answers.entries()) {
      const query = queries[index] as Query;
      if (answer.status === 'fulfilled') {
        measurements.push(...answer.value);
        this.#answeredMs.set(query, atMs);
      } else refusals.push(`query of ${query.pool}/${query.signal}: ${(answer.reason as Error).message}`);
    }
    if (answers.every(({ status }) => status === 'rejected')) throw new Error(refusals[0]);
    return { measurements, refusals };
  }

  async #ask(query: Query, atMs: number, signal: AbortSignal): Promise<Measurement[]> {
    const { client } = this.#parts;
    const fromMs = await this.#missingFromMs(query, atMs);
    const missed = fromMs < atMs ? await this.#missed(query, fromMs, atMs - this.intervalMs, signal) : [];
    const value = await client.instant(query.query, atMs, signal);
    return value === null ? missed : [...missed, this.#measurement(query, atMs, value)];
  }

  /** The first moment of the interval's that was not answered, as far back as holes are filled. */
  async #missingFromMs(query: Query, atMs: number): Promise<number> {
    const { pool, signal } = query;
    const known = this.#answeredMs.get(query) ?? (await this.#parts.newestMs(pool, signal, this.#tag));
    if (known === null) return atMs;
    const step = this.intervalMs;
    const backMs = Math.min(CATCH_UP_MS_MAX, CATCH_UP_POINTS_MAX * step);
    const next = (Math.floor(known / step) + 1) * step;
    return Math.max(next, Math.ceil((atMs - backMs) / step) * step);
  }

  /** A hole that the server cannot fill stays one: what is now matters more. */
  async #missed(query: Query, fromMs: number, toMs: number, signal: AbortSignal): Promise<Measurement[]> {
    try {
      const range = { fromMs, toMs, stepMs: this.intervalMs };
      const { timesMs, values } = await this.#parts.client.range(query.query, range, signal);
      return Array.from(timesMs, (timeMs, index) => this.#measurement(query, timeMs, values[index] as number));
    } catch (error) {
      if (error instanceof PrometheusError && !error.mayPass) return [];
      throw error;
    }
  }

  #measurement({ pool, signal, unit }: Query, timeMs: number, value: number): Measurement {
    return { pool, signal, source: this.#tag, timeMs, value, ...(unit === null ? {} : { unit }) };
  }
}

/** The tag of what a configured server says, now or in an import: one series. */
export function sourceTag(server: string): string {
  return `prometheus-${server}`.slice(0, 63);
}
