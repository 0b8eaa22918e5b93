import type { Config, OtlpConfig } from '@forescale/shared/config';
import { refusalOfTime } from '../sources/screen.ts';
import type { Measurement, Reading } from '../sources/source.ts';
import type { CountsOfRequest, Growth } from './otlp-rates.ts';
import type { OtlpAttributes, OtlpCountPoint, OtlpMetric, OtlpNumberPoint, OtlpRequest } from './otlp-request.ts';
import { attributesOf, matches, sourceOf } from './otlp-series.ts';

type Rule = OtlpConfig['metrics'][number];

const DELTA = 1;
const CUMULATIVE = 2;
/** A point that says that there is no value. */
const NO_RECORDED_VALUE = 1;

/** What a request says of the signals that are configured. */
export interface OtlpReading extends Reading {
  /** The data point that each measurement is of, by number. */
  readonly points: readonly number[];
  /** The data points of `refusals`: several rules may want one. */
  readonly rejected: ReadonlySet<number>;
}

/** Reads requests by the rules of a configuration; everything that no rule asks for is left alone. */
export class OtlpReader {
  readonly #rules: ReadonlyMap<string, readonly Rule[]>;
  readonly #counters: ReadonlySet<string>;

  constructor({ metrics }: OtlpConfig, { pools }: Config) {
    this.#rules = Map.groupBy(metrics, ({ metric }) => metric);
    const signals = pools.flatMap((pool) => pool.signals.map((signal) => ({ pool: pool.name, signal })));
    const counters = signals.filter(({ signal }) => signal.kind === 'counter');
    this.#counters = new Set(counters.map(({ pool, signal }) => `${pool}/${signal.name}`));
  }

  read(request: OtlpRequest, counts: CountsOfRequest, arrivedMs: number): OtlpReading {
    const taking: Taking = { counts, arrivedMs, measurements: [], refusals: [], points: [], rejected: new Set() };
    let first = 0;
    for (const { resource, scopeMetrics } of request.resourceMetrics)
      for (const { scope, metrics } of scopeMetrics)
        for (const metric of metrics) {
          const rules = this.#rules.get(metric.name) ?? [];
          const origin = { metric, scope: scope?.name ?? '', resource: resource?.attributes };
          const counts = rules.map((rule) => this.#readMetric(rule, origin, first, taking));
          first += Math.max(0, ...counts);
        }
    return taking;
  }

  /** Takes what a rule wants of a metric, whose data points are numbered from `first`; gives how many those are. */
  #readMetric(rule: Rule, { metric, scope, resource }: Origin, first: number, taking: Taking): number {
    const { pool, signal } = rule;
    const points = pointsOf(metric, rule);
    for (const [index, point] of points.entries()) {
      const attributes = attributesOf(resource, point.attributes);
      if (!matches(rule.attributes, attributes) || (point.flags & NO_RECORDED_VALUE) !== 0) continue;
      const source = sourceOf(metric.name, scope, attributes);
      const taken = this.#take(rule, point, `${pool}/${signal}/${source}`, taking);
      if (typeof taken === 'string') {
        taking.refusals.push(`${metric.name}: ${taken}`);
        taking.rejected.add(first + index);
      } else if (taken !== null) {
        const { value, per } = taken;
        const timeMs = Math.round(taken.timeMs);
        taking.measurements.push({ pool, signal, source, timeMs, value, ...unitOf(metric.unit, per) });
        taking.points.push(first + index);
      }
    }
    return points.length;
  }

  /** A value, why there can be none, or null: not yet, or none that is a finite number. */
  #take(rule: Rule, point: OtlpPoint, series: string, { counts, arrivedMs }: Taking): Taken | string | null {
    const timeMs = point.timeMs === 0 ? arrivedMs : point.timeMs;
    // Before anything is learned of it: no later one would be newer than a time that is far ahead.
    const refusal = refusalOfTime(timeMs, arrivedMs);
    if (refusal !== null) return refusal;
    if (!Number.isFinite(point.count) || !Number.isFinite(point.sum)) return null;
    if (point.kind === 'value') return { timeMs, value: point.count, per: 'value' };
    const isCounter = this.#counters.has(`${rule.pool}/${rule.signal}`);
    if (point.kind === 'delta') {
      const seconds = (timeMs - point.startMs) / 1_000;
      if (isCounter) return 'aggregation_temporality = delta: allowed for a signal of kind counter: cumulative';
      if (!(point.startMs > 0 && seconds >= 0)) return 'start_time_unix_nano: allowed for delta: before time_unix_nano';
      // An SDK that is told to export in its first millisecond: there is no rate of it.
      if (seconds === 0) return null;
      return rateOf(point.of, { seconds, count: point.count, sum: point.sum }, timeMs);
    }
    if (point.kind !== 'cumulative') return `aggregation_temporality: ${point.kind}`;
    if (isCounter && point.of !== 'mean')
      return { timeMs, value: point.of === 'sum' ? point.sum : point.count, per: 'value' };
    if (!counts.hasRoom(series)) return 'too many series; allowed: 10000';
    const growth = counts.grow(series, { timeMs, startMs: point.startMs, count: point.count, sum: point.sum });
    return growth && rateOf(point.of, growth, timeMs);
  }
}

/** What is being read of one request. */
interface Taking {
  readonly counts: CountsOfRequest;
  readonly arrivedMs: number;
  readonly measurements: Measurement[];
  readonly refusals: string[];
  readonly points: number[];
  readonly rejected: Set<number>;
}

interface Origin {
  readonly metric: OtlpMetric;
  readonly scope: string;
  readonly resource: OtlpAttributes | undefined;
}

interface Taken {
  readonly timeMs: number;
  readonly value: number;
  readonly per: 'value' | 'count per second' | 'sum per second';
}

function rateOf(of: OtlpPoint['of'], { seconds, count, sum }: Growth, timeMs: number): Taken | null {
  // Nothing was measured where nothing came: there is no mean of it.
  if (of === 'mean') return count > 0 ? { timeMs, value: sum / count, per: 'value' } : null;
  if (of === 'count') return { timeMs, value: count / seconds, per: 'count per second' };
  return { timeMs, value: (of === 'sum' ? sum : count) / seconds, per: 'sum per second' };
}

/** What is known of a data point of any kind. A number stands in `count`, and is all that there is to take of its point. */
interface OtlpPoint {
  readonly of: Rule['of'] | 'number';
  readonly kind: 'value' | 'delta' | 'cumulative' | string;
  readonly attributes: OtlpNumberPoint['attributes'];
  readonly flags: number;
  /** With its fraction: two points may be of one millisecond. 0: none is given. */
  readonly timeMs: number;
  readonly startMs: number;
  readonly count: number;
  readonly sum: number;
}

function pointsOf({ gauge, sum, histogram, exponentialHistogram, summary }: OtlpMetric, rule: Rule): OtlpPoint[] {
  const numbers = (points: readonly OtlpNumberPoint[], kind: string) =>
    points.map((one) => pointOf(one, 'number', kind, one.asDouble ?? one.asInt ?? Number.NaN, 0));
  // The count of what a rule wants the sum of matters where it begins again.
  const counted = (points: readonly OtlpCountPoint[], kind: string) =>
    points.map((one) => pointOf(one, rule.of, kind, one.count, rule.of === 'count' ? 0 : (one.sum ?? Number.NaN)));
  const histograms = [histogram, exponentialHistogram].flatMap((one) =>
    one ? counted(one.dataPoints, temporalityOf(one.aggregationTemporality)) : [],
  );
  return [
    ...numbers(gauge?.dataPoints ?? [], 'value'),
    ...numbers(sum?.dataPoints ?? [], sum ? kindOfSum(sum.isMonotonic, sum.aggregationTemporality) : ''),
    ...histograms,
    ...counted(summary?.dataPoints ?? [], 'cumulative'),
  ];
}

function pointOf(
  point: OtlpNumberPoint | OtlpCountPoint,
  of: OtlpPoint['of'],
  kind: string,
  count: number,
  sum: number,
): OtlpPoint {
  const { attributes, flags, timeUnixNano, startTimeUnixNano } = point;
  return { of, kind, attributes, flags, timeMs: timeUnixNano / 1e6, startMs: startTimeUnixNano / 1e6, count, sum };
}

/** What goes up and down is a value as it stands; by steps nobody can tell what it is. */
function kindOfSum(isMonotonic: boolean, temporality: number): string {
  if (isMonotonic) return temporalityOf(temporality);
  return temporality === CUMULATIVE ? 'value' : 'allowed for a sum that is not monotonic: cumulative';
}

function temporalityOf(temporality: number): string {
  if (temporality === DELTA) return 'delta';
  return temporality === CUMULATIVE ? 'cumulative' : 'allowed: delta, cumulative';
}

/** A count per second has a unit of its own, whatever was counted; a sum per second its metric's, by the second. */
function unitOf(unit: string, per: Taken['per']): { readonly unit?: string } {
  if (per === 'count per second') return { unit: '1/s' };
  if (unit === '') return {};
  return { unit: (per === 'value' ? unit : `${unit}/s`).slice(0, 32) };
}
