import type { PrometheusConfig } from '@forescale/shared/config';
import { PrometheusError, PrometheusQueryError, PrometheusTooMuchError } from '@forescale/shared/prometheus';
import { within } from '@forescale/shared/time';
import type { PrometheusSourceParts } from './prometheus-source.ts';
import type { Measurement } from './source.ts';

/** A hole is filled up to so far back: what is older `forescale import` brings. */
const CATCH_UP_MS_MAX = 6 * 3_600_000;
const CATCH_UP_POINTS_MAX = 10_000;
/** What a server cannot give in so small parts, it cannot give. */
const CATCH_UP_POINTS_MIN = 100;

type Query = PrometheusConfig['queries'][number];

/** What was missed, as far as it is known now. */
export interface Missed {
  readonly measurements: readonly Measurement[];
  /** The first moment that is still to be asked for; null: the store has not said yet. */
  readonly nextMs: number | null;
}

/** One query of a source: what it gives at a moment, and what of the moments before was never asked for. */
export class FollowedQuery {
  /** As messages call it. */
  readonly name: string;
  readonly #query: Query;
  readonly #tag: string;
  readonly #parts: PrometheusSourceParts;
  /** The first moment that is not answered for; null: not known yet. */
  #nextMs: number | null = null;
  #startedMs: number | null = null;
  #pointsMax = CATCH_UP_POINTS_MAX;
  #isSilent = false;

  constructor(query: Query, tag: string, parts: PrometheusSourceParts) {
    this.name = `query of ${query.pool}/${query.signal}`;
    this.#query = query;
    this.#tag = tag;
    this.#parts = parts;
  }

  /** What it gives at `atMs`; null: no value. */
  async valueAt(atMs: number, signal: AbortSignal): Promise<Measurement | null> {
    const { client, config, log } = this.#parts;
    const value = await this.#within(signal, (ended) => client.instant(this.#query.query, atMs, ended));
    if ((value === null) !== this.#isSilent) {
      this.#isSilent = value === null;
      if (this.#isSilent) log.warn(`prometheus ${config.name}: ${this.name} gives no value`);
      else log.info(`prometheus ${config.name}: ${this.name} gives values again`);
    }
    return value === null ? null : this.#measurement(atMs, value);
  }

  /** What was missed before `atMs`, or the oldest part of it. What fails is for the next time: it costs no value of now. */
  async missedBefore(atMs: number, signal: AbortSignal): Promise<Missed> {
    const { client, config } = this.#parts;
    const { intervalMs: stepMs } = config;
    const fromMs = await this.#missingFromMs(atMs, signal);
    if (fromMs === null || fromMs >= atMs) return { measurements: [], nextMs: fromMs };
    const toMs = Math.min(atMs - stepMs, fromMs + (this.#pointsMax - 1) * stepMs);
    const range = { fromMs, toMs, stepMs };
    try {
      const { timesMs, values } = await this.#within(signal, (ended) => client.range(this.#query.query, range, ended));
      const measurements = Array.from(timesMs, (timeMs, k) => this.#measurement(timeMs, values[k] as number));
      return { measurements, nextMs: toMs + stepMs };
    } catch (error) {
      return { measurements: [], nextMs: this.#afterFailure(error, fromMs, toMs + stepMs) };
    }
  }

  /** Takes down what is answered for, once somebody has taken the answers. */
  answered(atMs: number, isAnsweredNow: boolean, { nextMs }: Missed): void {
    const isComplete = isAnsweredNow && nextMs !== null && nextMs >= atMs;
    this.#nextMs = isComplete ? atMs + this.#parts.config.intervalMs : nextMs;
  }

  async #missingFromMs(atMs: number, signal: AbortSignal): Promise<number | null> {
    const { intervalMs: stepMs } = this.#parts.config;
    this.#startedMs ??= atMs;
    const nextMs = this.#nextMs ?? (await this.#nextByStoreMs(this.#startedMs, signal));
    if (nextMs === null) return null;
    const backMs = Math.min(CATCH_UP_MS_MAX, CATCH_UP_POINTS_MAX * stepMs);
    return Math.max(nextMs, Math.ceil((atMs - backMs) / stepMs) * stepMs);
  }

  /** The first moment after the newest that the store had when we began; null while it does not say. */
  async #nextByStoreMs(startedMs: number, signal: AbortSignal): Promise<number | null> {
    const { newestMs, config } = this.#parts;
    const { pool, signal: name } = this.#query;
    try {
      const known = await this.#within(signal, () => newestMs(pool, name, this.#tag, startedMs - 1));
      return known === null ? startedMs : (Math.floor(known / config.intervalMs) + 1) * config.intervalMs;
    } catch {
      // The collector itself says that the store is away.
      return null;
    }
  }

  /** From where the next reading goes on: what the server can give in no size stays missing. */
  #afterFailure(error: unknown, fromMs: number, behindMs: number): number {
    const { config, log } = this.#parts;
    const points = (behindMs - fromMs) / config.intervalMs;
    if (error instanceof PrometheusTooMuchError && points > CATCH_UP_POINTS_MIN) {
      this.#pointsMax = Math.max(CATCH_UP_POINTS_MIN, Math.floor(points / 2));
      return fromMs;
    }
    const isFinal = error instanceof PrometheusQueryError || (error instanceof PrometheusError && !error.mayPass);
    if (!isFinal) return fromMs;
    const since = new Date(fromMs).toISOString();
    log.warn(`prometheus ${config.name}: ${this.name}: what is missing since ${since} stays so: ${error.message}`);
    return behindMs;
  }

  #within<T>(signal: AbortSignal, ask: (ended: AbortSignal) => Promise<T>): Promise<T> {
    const { client, config, ioClock } = this.#parts;
    const late = `${client.host}: no answer within ${config.timeoutMs / 1_000} s`;
    return within(
      ioClock,
      config.timeoutMs,
      (ended) => ask(AbortSignal.any([signal, ended])),
      () => new PrometheusTooMuchError(late, { mayPass: true }),
    );
  }

  #measurement(timeMs: number, value: number): Measurement {
    const { pool, signal, unit } = this.#query;
    return { pool, signal, source: this.#tag, timeMs, value, ...(unit === null ? {} : { unit }) };
  }
}
