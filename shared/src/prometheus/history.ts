import type { Series } from '../domain/index.ts';
import { type Clock, within } from '../time/index.ts';
import type { PrometheusClient } from './client.ts';
import { PrometheusError, PrometheusTooMuchError } from './errors.ts';
import type { Range } from './range.ts';

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
  readonly fromMs: number;
  readonly toMs: number;
  readonly series: Series;
}

/**
 * What a query gave over a range of any length, part by part, the newest first: whoever stops in between has what reaches
 * up to the end. A part that fails but may go well is asked
 * for again, 1, 2, 4, 8 and 16 s later; one that is too much for the server, or takes it too long, is halved. Rejects as
 * `range` does.
 */
export async function* queryHistory(
  client: PrometheusClient,
  query: string,
  { fromMs, toMs, stepMs }: Range,
  { clock, signal }: HistoryOptions,
): AsyncGenerator<Part> {
  let points = POINTS_MAX;
  let failures = 0;
  // The last moment of the grid that begins at `fromMs`.
  for (let partMs = toMs - ((toMs - fromMs) % stepMs); partMs >= fromMs; ) {
    const part = { fromMs: Math.max(fromMs, partMs - (points - 1) * stepMs), toMs: partMs, stepMs };
    try {
      yield { ...part, series: await askOnce(client, query, part, { clock, signal }) };
      partMs = part.fromMs - stepMs;
      failures = 0;
    } catch (error) {
      if (!(error instanceof PrometheusError)) throw error;
      if (error instanceof PrometheusTooMuchError && points > POINTS_MIN) {
        points = Math.max(POINTS_MIN, Math.floor(points / 2));
        continue;
      }
      if (!error.mayPass || ++failures === ATTEMPTS_MAX) throw error;
      await clock.sleep(BACKOFF_MS * 2 ** (failures - 1), signal);
      signal.throwIfAborted();
    }
  }
}

function askOnce(
  client: PrometheusClient,
  query: string,
  range: Range,
  { clock, signal }: HistoryOptions,
): Promise<Series> {
  return within(
    clock,
    TIMEOUT_MS,
    (ended) => client.range(query, range, AbortSignal.any([signal, ended])),
    () => new PrometheusTooMuchError(`${client.host}: no answer within ${TIMEOUT_MS / 1_000} s`, { mayPass: true }),
  );
}
