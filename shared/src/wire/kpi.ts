import { z } from 'zod';
import type { Sample } from '../domain/index.ts';
import { decodeJson, type EventOrigin, encodeEvent, moment, parseWire, rfc3339, WireError } from './events.ts';
import { poolAndTail } from './subjects.ts';

const kpiData = z.object({
  value: z.number({ error: 'allowed: a finite number' }),
  unit: z.string().max(32).optional(),
  time: moment.optional(),
});

const kpiMessage = z.union([
  z.object({ specversion: z.literal('1.0'), time: moment.optional(), data: kpiData }),
  kpiData,
]);

/**
 * An application's KPI from `forescale.v1.kpi.<pool>.<signal>`: a CloudEvent, or its bare data for a publisher as
 * simple as a shell script. Without a time of its own it is of `arrivedMs`. Throws `WireError`.
 */
export function decodeKpi(subject: string, bytes: Uint8Array, arrivedMs: number): Sample {
  const names = poolAndTail(subject);
  if (!names) throw new WireError(`subject = ${JSON.stringify(subject)}: allowed: forescale.v1.kpi.<pool>.<signal>`);
  const raw = decodeJson(bytes);
  const isEvent = typeof raw === 'object' && raw !== null && 'specversion' in raw;
  const message = parseWire(raw, isEvent ? kpiMessage.options[0] : kpiMessage.options[1]);
  const data = 'data' in message ? message.data : message;
  const timeMs = data.time ?? ('data' in message ? message.time : undefined) ?? arrivedMs;
  return { pool: names.pool, signal: names.tail, source: 'nats', timeMs, value: data.value };
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
  })
  .transform(({ time, ...rest }): Sample => ({ ...rest, timeMs: time }));

/** A sample as the collector publishes it, live, when it is in the store. */
export function encodeSample(sample: Sample): Uint8Array {
  const { pool, signal, source, timeMs, value } = sample;
  const origin = { id: `${pool}.${signal}.${source}.${timeMs}`, source: '/forescale/collector', timeMs };
  return encodeEvent('sample', origin, { pool, signal, source, time: rfc3339(timeMs), value });
}

export const sampleSchema = sampleData;
