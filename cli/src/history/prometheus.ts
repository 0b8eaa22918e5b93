import type { Series } from '@forescale/shared/domain';
import { networkReason } from '@forescale/shared/network';
import { z } from 'zod';
import { UsageError } from '../output/usage.ts';

/** Prometheus gives at most 11,000 points of a series in one answer; longer ranges are asked for in parts. */
const POINTS_PER_QUERY = 10_000;
const BODY_BYTES_MAX = 16 * 2 ** 20;
const TIMEOUT_MS = 60_000;
const ERROR_CHARS_MAX = 300;

/** A server that is away or says what it should not; the message is one line and names the server. */
class PrometheusError extends Error {
  override readonly name = 'PrometheusError';
}

export interface RangeQuery {
  readonly server: URL;
  readonly query: string;
  /** Both ends are asked for; multiples of the step after `fromMs`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly token: string | null;
  readonly signal: AbortSignal;
}

const answerSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.object({
      resultType: z.literal('matrix'),
      result: z.array(
        z.object({
          metric: z.record(z.string(), z.string()),
          values: z.array(z.tuple([z.number(), z.string()])).max(POINTS_PER_QUERY),
        }),
      ),
    }),
  }),
  z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() }),
]);

/**
 * What a query gave over a range, part by part in order of time. Values that are no finite numbers (NaN, +Inf) are
 * gaps, as absent ones are. Throws `UsageError` where the query is wrong, and `PrometheusError`.
 */
export async function* queryRange(range: RangeQuery): AsyncGenerator<Series> {
  const { fromMs, toMs, stepMs } = range;
  for (let partMs = fromMs; partMs <= toMs; partMs += POINTS_PER_QUERY * stepMs) {
    const untilMs = Math.min(toMs, partMs + (POINTS_PER_QUERY - 1) * stepMs);
    yield seriesOf(range, await ask(range, partMs, untilMs), partMs, untilMs);
  }
}

async function ask(range: RangeQuery, fromMs: number, toMs: number): Promise<string> {
  const { server, query, stepMs, token, signal } = range;
  const url = new URL(`${server.href.replace(/\/+$/, '')}/api/v1/query_range`);
  const seconds = (ms: number) => String(ms / 1_000);
  for (const [name, value] of [
    ['query', query],
    ['start', seconds(fromMs)],
    ['end', seconds(toMs)],
    ['step', seconds(stepMs)],
  ] as const) {
    url.searchParams.set(name, value);
  }
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const text = await boundedText(response);
    // What is wrong with a query stands in the body of a 400; of others the status says more.
    if (response.ok || text.startsWith('{"status":"error"')) return text;
    throw new PrometheusError(`${server.host}: HTTP ${response.status} ${response.statusText}`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PrometheusError) throw error;
    throw new PrometheusError(`${server.host}: ${reasonOf(error)}`, { cause: error });
  }
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) throw new PrometheusError(`an answer of more than ${BODY_BYTES_MAX} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function seriesOf({ server, query }: RangeQuery, text: string, fromMs: number, toMs: number): Series {
  const answer = answerSchema.safeParse(jsonOf(text));
  if (!answer.success) {
    const [issue] = answer.error.issues;
    const where = issue?.path.join('.') || 'the answer';
    throw new PrometheusError(`${server.host}: not an answer to query_range: ${where}: ${issue?.message ?? ''}`);
  }
  if (answer.data.status === 'error') throw refusal(server, query, answer.data.errorType, answer.data.error);
  const { result } = answer.data.data;
  const [first, second] = result;
  if (second !== undefined) {
    throw new UsageError(
      `--query = ${JSON.stringify(query)}: ${result.length} series; allowed: one, such as sum(${query})`,
    );
  }
  const timesMs: number[] = [];
  const values: number[] = [];
  for (const [seconds, valueText] of first?.values ?? []) {
    const timeMs = Math.round(seconds * 1_000);
    if (!(timeMs >= fromMs && timeMs <= toMs && timeMs > (timesMs.at(-1) ?? Number.NEGATIVE_INFINITY))) {
      throw new PrometheusError(`${server.host}: a sample of time ${seconds}, which was not asked for`);
    }
    const value = Number(valueText);
    if (!Number.isFinite(value)) continue;
    timesMs.push(timeMs);
    values.push(value);
  }
  return { timesMs: Float64Array.from(timesMs), values: Float64Array.from(values) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(server: URL, query: string, errorType: string, text: string): Error {
  const line = text.replace(/\s+/g, ' ').slice(0, ERROR_CHARS_MAX);
  return errorType === 'bad_data'
    ? new UsageError(`--query = ${JSON.stringify(query)}: ${server.host} refuses it: ${line}`)
    : new PrometheusError(`${server.host}: ${errorType}: ${line}`);
}

function reasonOf(error: unknown): string {
  const late = error instanceof Error && error.name === 'TimeoutError';
  return late ? `no answer within ${TIMEOUT_MS / 1_000} s` : networkReason(error);
}
