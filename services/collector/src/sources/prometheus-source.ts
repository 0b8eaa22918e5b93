import type { PrometheusConfig } from '@forescale/shared/config';
import type { PrometheusClient } from '@forescale/shared/prometheus';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { FollowedQuery, type Missed } from './followed-query.ts';
import type { Measurement, PulledSource, Reading } from './source.ts';

export interface PrometheusSourceParts {
  readonly config: PrometheusConfig;
  readonly client: PrometheusClient;
  /** The time of the newest sample up to `untilMs` that the store has of a series; null: none. Rejects where it is away. */
  readonly newestMs: (pool: string, signal: string, source: string, untilMs: number) => Promise<number | null>;
  /** Measures time-outs. */
  readonly ioClock: Clock;
  readonly log: Log;
}

/**
 * The queries of one Prometheus. All of a reading are of one moment, a multiple of the interval, so that what is asked for
 * twice is one point. What was missed while either side was away is asked for as a range.
 */
export class PrometheusSource implements PulledSource {
  readonly name: string;
  readonly intervalMs: number;
  /** Each query has its own time: one that hangs takes none of the others with it. */
  readonly timeoutMs = null;
  readonly #queries: readonly FollowedQuery[];

  constructor(parts: PrometheusSourceParts) {
    const { name, intervalMs, queries } = parts.config;
    this.name = `prometheus ${name}`;
    this.intervalMs = intervalMs;
    this.#queries = queries.map((query) => new FollowedQuery(query, sourceTag(name), parts));
  }

  /** A query that fails is refused by name, and takes none of the others with it; rejects when all fail. */
  async read(nowMs: number, signal: AbortSignal): Promise<Reading> {
    const atMs = Math.floor(nowMs / this.intervalMs) * this.intervalMs;
    // The present first: connections are few, and taken in the order of asking.
    const present = Promise.allSettled(this.#queries.map((query) => query.valueAt(atMs, signal)));
    const past = Promise.all(this.#queries.map((query) => query.missedBefore(atMs, signal)));
    const [values, missed] = await Promise.all([present, past]);
    // Whoever asked has given up, and takes nothing any more: all of it is to be asked for again.
    signal.throwIfAborted();
    const measurements: Measurement[] = [];
    const refusals: string[] = [];
    for (const [index, query] of this.#queries.entries()) {
      const value = values[index] as PromiseSettledResult<Measurement | null>;
      const before = missed[index] as Missed;
      measurements.push(...before.measurements);
      if (value.status === 'rejected') refusals.push(`${query.name}: ${(value.reason as Error).message}`);
      else if (value.value !== null) measurements.push(value.value);
      query.answered(atMs, value.status === 'fulfilled', before);
    }
    if (refusals.length === this.#queries.length && measurements.length === 0) throw new Error(refusals[0]);
    return { measurements, refusals };
  }
}

/** The tag of what a configured server says, now or in an import: one series. */
export function sourceTag(server: string): string {
  return `prometheus-${server}`;
}
