import { z } from 'zod';
import type { Series } from '../domain/index.ts';
import { PrometheusError, PrometheusQueryError, PrometheusTooMuchError } from './errors.ts';

/** Prometheus gives at most 11,000 points of a series in one answer. */
const POINTS_PER_ANSWER_MAX = 11_000;
const SERIES_MAX = 100_000;
const TEXT_CHARS_MAX = 300;

/** Seconds since 1970, and the value as text: "NaN" and "+Inf" are none in JSON. */
const sample = z.tuple([z.number(), z.string()]);
const metric = z.record(z.string(), z.string());

const vector = z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric, value: sample })) });
const scalar = z.object({ resultType: z.literal('scalar'), result: sample });
const matrix = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.object({ metric, values: z.array(sample).max(POINTS_PER_ANSWER_MAX) })).max(SERIES_MAX),
});

const failure = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });
const success = <Data extends z.ZodType>(data: Data) => z.object({ status: z.literal('success'), data });
const instantAnswer = z.discriminatedUnion('status', [
  success(z.discriminatedUnion('resultType', [vector, scalar])),
  failure,
]);
const rangeAnswer = z.discriminatedUnion('status', [success(matrix), failure]);

/** The value of an instant query; null where there is none now, or none that is a finite number. */
export function instantOf(host: string, query: string, text: string): number | null {
  const { result, resultType } = dataOf(host, 'query', text, instantAnswer);
  if (resultType === 'scalar') return finiteOf(result[1]);
  refuseSeveral(query, result.length);
  return finiteOf(result[0]?.value[1] ?? 'NaN');
}

/** The only series of a range query. Values that are no finite numbers are gaps, as absent ones are. */
export function seriesOf(host: string, query: string, text: string, fromMs: number, toMs: number): Series {
  const { result } = dataOf(host, 'query_range', text, rangeAnswer);
  refuseSeveral(query, result.length);
  const timesMs: number[] = [];
  const values: number[] = [];
  for (const [seconds, valueText] of result[0]?.values ?? []) {
    const timeMs = Math.round(seconds * 1_000);
    if (!(timeMs >= fromMs && timeMs <= toMs && timeMs > (timesMs.at(-1) ?? Number.NEGATIVE_INFINITY)))
      throw new PrometheusError(`${host}: a sample of time ${seconds}, which was not asked for`);
    const value = finiteOf(valueText);
    if (value === null) continue;
    timesMs.push(timeMs);
    values.push(value);
  }
  return { timesMs: Float64Array.from(timesMs), values: Float64Array.from(values) };
}

/** Whether a body is a failure in the server's own words, which say more than its status. */
export function isFailure(text: string): boolean {
  return text.startsWith('{"status":"error"');
}

type Failure = z.output<typeof failure>;

function dataOf<Data>(
  host: string,
  endPoint: string,
  text: string,
  schema: z.ZodType<{ status: 'success'; data: Data } | Failure>,
): Data {
  const answer = schema.safeParse(jsonOf(text));
  if (!answer.success) {
    const [issue] = answer.error.issues;
    const where = issue?.path.join('.') || 'the answer';
    throw new PrometheusError(`${host}: not an answer to ${endPoint}: ${where}: ${issue?.message ?? ''}`);
  }
  if (answer.data.status === 'error') throw errorOf(host, answer.data);
  return answer.data.data;
}

function errorOf(host: string, { errorType, error }: Failure): Error {
  const line = error.replace(/\s+/g, ' ').slice(0, TEXT_CHARS_MAX);
  if (errorType === 'bad_data') return new PrometheusQueryError(`${host} refuses it: ${line}`);
  const message = `${host}: ${errorType}: ${line}`;
  if (/too many samples|maximum resolution/.test(error)) return new PrometheusTooMuchError(message);
  return new PrometheusError(message, {
    mayPass: ['timeout', 'canceled', 'unavailable', 'internal'].includes(errorType),
  });
}

function refuseSeveral(query: string, series: number): void {
  if (series > 1) throw new PrometheusQueryError(`${series} series; allowed: one, such as sum(${query})`);
}

function finiteOf(text: string): number | null {
  // An empty text would be the number 0.
  const value = text === '' ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
