import type { Series } from '../domain/index.ts';
import { type Clock, within } from '../time/index.ts';
import type { PrometheusClient, Range } from './client.ts';
import { PrometheusError, PrometheusTooMuchError } from './errors.ts';

const POINTS_MAX = 10_000;
/** What a server cannot give in so small parts, it cannot give. */
const POINTS_MIN = 100;
const TIMEOUT_MS = 60_000;
const ATTEMPTS_MAX = 6;
const BACKOFF_MS = 1_000;

export interface HistoryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** One part of a range that was asked for, with what was measured in it. */
export interface Part {
  readonly toMs: number;
  readonly series: Series;
}

/**
 * What a query gave over a range of any length, part by part in order of time. A part that fails but may go well is asked
 * for again, 1, 2, 4, 8 and 16 s later; one that is too much for the server is halved. Rejects as `range` does.
 */
export async function* queryHistory(
  client: PrometheusClient,
  query: string,
  { fromMs, toMs, stepMs }: Range,
  options: HistoryOptions,
): AsyncGenerator<Part> {
  let points = POINTS_MAX;
  for (let partMs = fromMs; partMs <= toMs; ) {
    const part = { fromMs: partMs, toMs: Math.min(toMs, partMs + (points - 1) * stepMs), stepMs };
    try {
      yield { toMs: part.toMs, series: await askPatiently(client, query, part, options) };
      partMs = part.toMs + stepMs;
    } catch (error) {
      if (!(error instanceof PrometheusTooMuchError) || points <= POINTS_MIN) throw error;
      points = Math.max(POINTS_MIN, Math.floor(points / 2));
    }
  }
}

async function askPatiently(
  client: PrometheusClient,
  query: string,
  range: Range,
  { clock, signal }: HistoryOptions,
): Promise<Series> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await within(
        clock,
        TIMEOUT_MS,
        (ended) => client.range(query, range, AbortSignal.any([signal, ended])),
        () => new PrometheusError(`${client.host}: no answer within ${TIMEOUT_MS / 1_000} s`, { mayPass: true }),
      );
    } catch (error) {
      const mayPass = error instanceof PrometheusError && error.mayPass;
      if (!mayPass || attempt === ATTEMPTS_MAX) throw error;
      await clock.sleep(BACKOFF_MS * 2 ** (attempt - 1), signal);
      signal.throwIfAborted();
    }
  }
}
