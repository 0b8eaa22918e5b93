import { z } from 'zod';
import type { Series } from '../domain/index.ts';
import { PrometheusError, PrometheusQueryError, PrometheusTooMuchError } from './errors.ts';
import type { Range } from './range.ts';

/** Prometheus gives at most 11,000 points of a series in one answer. */
const POINTS_PER_ANSWER_MAX = 11_000;
const SERIES_MAX = 100_000;
const TEXT_CHARS_MAX = 300;
const WARNINGS_MAX = 10;
/** Some servers give whole seconds only. */
const INSTANT_OFF_MS_MAX = 1_000;
/** As Prometheus says it, Thanos, Mimir and VictoriaMetrics. */
const TOO_MUCH = /too many samples|maximum resolution|exceed(s|ed) .*limit|limit .*exceeded|cannot select more than/i;
const PASSING: readonly string[] = ['timeout', 'canceled', 'unavailable', 'internal'];

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
const success = <Data extends z.ZodType>(data: Data) =>
  z.object({ status: z.literal('success'), warnings: z.array(z.string()).nullish(), data });
const instantAnswer = z.discriminatedUnion('status', [
  success(z.discriminatedUnion('resultType', [vector, scalar])),
  failure,
]);
const rangeAnswer = z.discriminatedUnion('status', [success(matrix), failure]);

/** What a server has said: the body, and the status that it came with. */
export interface Answer {
  readonly host: string;
  readonly status: number;
  readonly text: string;
}

/** What was asked for, and what the server says is not quite right with it. */
export interface Result<Data> {
  readonly data: Data;
  readonly warnings: readonly string[];
}

/** The value of an instant query; null where there is none now, or none that is a finite number. */
export function instantOf(answer: Answer, query: string, timeMs: number): Result<number | null> {
  const { data, warnings } = dataOf(answer, 'query', instantAnswer);
  if (data.resultType === 'vector') refuseSeveral(query, data.result.length);
  const sample = data.resultType === 'scalar' ? data.result : data.result[0]?.value;
  if (sample === undefined) return { data: null, warnings };
  const [seconds, text] = sample;
  if (!(Math.abs(seconds * 1_000 - timeMs) <= INSTANT_OFF_MS_MAX)) throw otherTime(answer, seconds);
  return { data: finiteOf(text), warnings };
}

/** The only series of a range query. Values that are no finite numbers are gaps, as absent ones are. */
export function seriesOf(answer: Answer, query: string, { fromMs, toMs, stepMs }: Range): Result<Series> {
  const { data, warnings } = dataOf(answer, 'query_range', rangeAnswer);
  refuseSeveral(query, data.result.length);
  const timesMs: number[] = [];
  const values: number[] = [];
  for (const [seconds, text] of data.result[0]?.values ?? []) {
    const timeMs = Math.round(seconds * 1_000);
    const isAskedFor = timeMs >= fromMs && timeMs <= toMs && (timeMs - fromMs) % stepMs === 0;
    if (!isAskedFor || timeMs <= (timesMs.at(-1) ?? Number.NEGATIVE_INFINITY)) throw otherTime(answer, seconds);
    const value = finiteOf(text);
    if (value === null) continue;
    timesMs.push(timeMs);
    values.push(value);
  }
  return { data: { timesMs: Float64Array.from(timesMs), values: Float64Array.from(values) }, warnings };
}

function otherTime({ host }: Answer, seconds: number): PrometheusError {
  return new PrometheusError(`${host}: a sample of time ${seconds}, which was not asked for`);
}

/** Whether a body is a failure in the server's own words, which say more than its status. */
export function isFailure(text: string): boolean {
  return text.startsWith('{"status":"error"');
}

type Failure = z.output<typeof failure>;

function dataOf<Data>(
  from: Answer,
  endPoint: string,
  schema: z.ZodType<{ status: 'success'; warnings?: string[] | null | undefined; data: Data } | Failure>,
): Result<Data> {
  const answer = schema.safeParse(jsonOf(from.text));
  if (!answer.success) {
    const [issue] = answer.error.issues;
    const where = issue?.path.join('.') || 'the answer';
    throw new PrometheusError(`${from.host}: not an answer to ${endPoint}: ${where}: ${issue?.message ?? ''}`);
  }
  if (answer.data.status === 'error') throw errorOf(from, answer.data);
  const { data, warnings } = answer.data;
  return { data, warnings: (warnings ?? []).slice(0, WARNINGS_MAX).map(lineOf) };
}

function errorOf({ host, status }: Answer, { errorType, error }: Failure): Error {
  const message = `${host}: ${lineOf(errorType)}: ${lineOf(error)}`;
  if (TOO_MUCH.test(error)) return new PrometheusTooMuchError(message);
  if (errorType === 'bad_data') return new PrometheusQueryError(`${host} refuses it: ${lineOf(error)}`);
  const options = { mayPass: mayPass(status) || PASSING.includes(errorType) };
  // What the server has not done in its time it may do for less of the past.
  return errorType === 'timeout' ? new PrometheusTooMuchError(message, options) : new PrometheusError(message, options);
}

/** Overloaded, restarting, or behind something that is. */
export function mayPass(status: number): boolean {
  return status === 429 || status >= 500;
}

function lineOf(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, TEXT_CHARS_MAX);
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
