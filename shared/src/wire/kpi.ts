import { z } from 'zod';
import { SAMPLE_FLAGS, type Sample } from '../domain/index.ts';
import { decodeJson, type EventOrigin, encodeEvent, moment, parseWire, rfc3339, WireError } from './events.ts';
import { poolAndTail } from './subjects.ts';

const kpiData = z.object({
  value: z.number({ error: 'allowed: a finite number' }),
  unit: z.string().max(32).optional(),
  time: moment.optional(),
});

/** A KPI as a CloudEvent, as whoever sends one may leave things out. */
const kpiEvent = z.object({
  specversion: z.literal('1.0'),
  source: z.string().max(256).default(''),
  time: moment.optional(),
  data: kpiData,
});

/**
 * An application's KPI from `forescale.v1.kpi.<pool>.<signal>`: a CloudEvent, or its bare data for a publisher as
 * simple as a shell script. Without a time of its own it is of `arrivedMs`. The CloudEvent's source tells the
 * replicas of an application apart; how they combine is the signal's `aggregate`. Throws `WireError`.
 */
export function decodeKpi(subject: string, bytes: Uint8Array, arrivedMs: number): Sample & { readonly unit?: string } {
  const names = poolAndTail(subject);
  if (!names) throw new WireError(`subject = ${JSON.stringify(subject)}: allowed: forescale.v1.kpi.<pool>.<signal>`);
  const raw = decodeJson(bytes);
  const plain = plainKpi(raw);
  if (plain !== null) return kpiOf(names, plain, arrivedMs);
  const isEvent = typeof raw === 'object' && raw !== null && 'specversion' in raw;
  const { source, time, data } = isEvent
    ? parseWire(raw, kpiEvent)
    : { source: '', time: undefined, data: parseWire(raw, kpiData) };
  return kpiOf(names, { source, timeMs: data.time ?? time, value: data.value, unit: data.unit }, arrivedMs);
}

interface Plain {
  readonly source: string;
  readonly timeMs: number | undefined;
  readonly value: number;
  readonly unit: string | undefined;
}

function kpiOf(
  { pool, tail }: { readonly pool: string; readonly tail: string },
  { source, timeMs = Number.NaN, value, unit }: Plain,
  arrivedMs: number,
): Sample & { readonly unit?: string } {
  const one = {
    pool,
    signal: tail,
    source: sourceName(source, 'nats'),
    timeMs: timeMs >= 0 ? timeMs : arrivedMs,
    value,
  };
  return unit ? { ...one, unit } : one;
}

/** Days that every month has: of the others the schemas know which there are. */
const PLAIN_TIME =
  /^(?:19[7-9]\d|2\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,3})?Z$/;

/**
 * A KPI as nearly all are, read in a quarter of the time that the schemas take: there may be 50,000 a second. Null for any
 * other, right or wrong, which the schemas then read; a test holds one to the other.
 */
function plainKpi(raw: unknown): Plain | null {
  if (typeof raw !== 'object' || raw === null) return null;
  const event = raw as Record<string, unknown>;
  const isEvent = 'specversion' in raw;
  const data = (isEvent ? event.data : raw) as Record<string, unknown> | null;
  if (typeof data !== 'object' || data === null) return null;
  const { value, unit, time } = data;
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  if (unit !== undefined && (typeof unit !== 'string' || unit.length > 32)) return null;
  const outer = isEvent ? event.time : undefined;
  if (!isPlainTime(time) || !isPlainTime(outer)) return null;
  const { source = '' } = isEvent ? event : {};
  if ((isEvent && event.specversion !== '1.0') || typeof source !== 'string' || source.length > 256) return null;
  const moment = time ?? outer;
  return { source, timeMs: moment === undefined ? undefined : Date.parse(moment), value, unit };
}

function isPlainTime(time: unknown): time is string | undefined {
  return time === undefined || (typeof time === 'string' && PLAIN_TIME.test(time));
}

const NAME = { error: 'allowed: a name of a-z, 0-9 and "-", at most 63 long' };
const name = z.string(NAME).regex(/^[a-z0-9-]{1,63}$/, NAME);

/** A KPI that names its pool and signal itself, as over HTTP, where there is no subject that does. */
export const kpiPushSchema = kpiData.extend({
  pool: name,
  signal: name,
  source: z
    .string()
    .max(256)
    .default('')
    .transform((source) => sourceName(source, 'push')),
});

/** A CloudEvent's source ("/shop/api#3") as a tag: short, and of characters that no store needs to escape. */
function sourceName(source: string, absent: string): string {
  return source.replace(/[^\w./#-]/g, '-').slice(0, 63) || absent;
}

export function encodeKpi(origin: EventOrigin, value: number, unit: string): Uint8Array {
  return encodeEvent('kpi', origin, { value, unit, time: rfc3339(origin.timeMs) });
}

const sampleData = z
  .object({
    pool: z.string().max(63),
    signal: z.string().max(63),
    source: z.string().max(63),
    time: moment,
    value: z.number(),
    flags: z.array(z.enum(SAMPLE_FLAGS)).max(SAMPLE_FLAGS.length).optional(),
  })
  .transform(({ time, flags, ...rest }): Sample => ({ ...rest, timeMs: time, ...(flags ? { flags } : {}) }));

/** A sample as the collector publishes it, live, when it is in the store. */
export function encodeSample(sample: Sample): Uint8Array {
  const { pool, signal, source, timeMs, value, flags } = sample;
  const origin = { id: `${pool}.${signal}.${source}.${timeMs}`, source: '/forescale/collector', timeMs };
  return encodeEvent('sample', origin, { pool, signal, source, time: rfc3339(timeMs), value, flags });
}

export const sampleSchema = sampleData;

/** What `decodeKpi` reads: an event, or its data alone. */
export const kpiSchemas = { event: kpiEvent, bare: kpiData } as const;
