import { readFileSync } from 'node:fs';
import { decodeJson, parseWire, WireError } from '@forescale/shared/wire';
import protobuf from 'protobufjs';
import { z } from 'zod';

/** Of a request, once it is unpacked. */
export const OTLP_BYTES_MAX = 4 * 2 ** 20;
/**
 * Resources, metrics, points, attributes and what holds them, together. In 4 MiB a sender that has something to say has fewer;
 * empty ones of two bytes are 2 million, which take gigabytes and half a minute to look at.
 */
const PARTS_MAX = 200_000;
const TEXT_MAX = 1_024;

const { root } = protobuf.parse(readFileSync(new URL('otlp.proto', import.meta.url), 'utf8'));
root.resolveAll();
const requestType = root.lookupType('otlp.ExportMetricsServiceRequest');
const responseType = root.lookupType('otlp.ExportMetricsServiceResponse');
const statusType = root.lookupType('otlp.Status');

/** Numbers of 64 bits are texts in JSON, and so are NaN and the infinite ones: those are gaps, and no mistakes. */
const number = z.union(
  [
    z.custom<number>((one) => typeof one === 'number'),
    z
      .string()
      .regex(/^(?:NaN|-?Infinity|-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?)$/)
      .transform(Number),
  ],
  { error: 'allowed: a number' },
);
const whole = z.union(
  [
    z.number(),
    z
      .string()
      .regex(/^-?\d{1,20}$/)
      .transform(Number),
  ],
  {
    error: 'allowed: a whole number',
  },
);
const text = z.string({ error: 'allowed: text' }).max(TEXT_MAX, { error: `allowed: at most ${TEXT_MAX} characters` });

/** Texts are as long as they like: command lines are attributes, too. */
const value = z.looseObject({
  stringValue: z.string().optional(),
  boolValue: z.boolean().optional(),
  intValue: whole.optional(),
  doubleValue: number.optional(),
});
const attributes = z.array(z.looseObject({ key: text, value: value.optional() })).default([]);

const common = {
  attributes,
  startTimeUnixNano: whole.default(0),
  timeUnixNano: whole.default(0),
  flags: whole.default(0),
};
const points = <Point extends z.ZodType>(point: Point) => z.array(point).default([]);
const numberPoints = points(z.looseObject({ ...common, asDouble: number.optional(), asInt: whole.optional() }));
const countPoints = points(z.looseObject({ ...common, count: whole.default(0), sum: number.optional() }));
const temporality = whole.default(0);

const metric = z.looseObject({
  name: text,
  unit: z.string().max(TEXT_MAX).default(''),
  gauge: z.looseObject({ dataPoints: numberPoints }).optional(),
  sum: z
    .looseObject({
      dataPoints: numberPoints,
      aggregationTemporality: temporality,
      isMonotonic: z.boolean().default(false),
    })
    .optional(),
  histogram: z.looseObject({ dataPoints: countPoints, aggregationTemporality: temporality }).optional(),
  exponentialHistogram: z.looseObject({ dataPoints: countPoints, aggregationTemporality: temporality }).optional(),
  summary: z.looseObject({ dataPoints: countPoints }).optional(),
});
const scopeMetrics = z.looseObject({
  scope: z.looseObject({ name: z.string().default('') }).optional(),
  metrics: z.array(metric).default([]),
});
const resourceMetrics = z.looseObject({
  resource: z.looseObject({ attributes }).optional(),
  scopeMetrics: z.array(scopeMetrics).default([]),
});
const request = z.looseObject({ resourceMetrics: z.array(resourceMetrics).default([]) });

export type OtlpRequest = z.output<typeof request>;
export type OtlpMetric = z.output<typeof metric>;
export type OtlpAttributes = z.output<typeof attributes>;
export type OtlpNumberPoint = z.output<typeof numberPoints>[number];
export type OtlpCountPoint = z.output<typeof countPoints>[number];
export type OtlpEncoding = 'json' | 'protobuf';

/** Reads an export request of either encoding. Throws `WireError`. */
export function decodeRequest(encoding: OtlpEncoding, body: Uint8Array): OtlpRequest {
  return parseWire(encoding === 'json' ? jsonOf(body) : protobufOf(body), request);
}

/** How many data points were not taken, and why the first was not; nothing where all were. */
export function encodeResponse(encoding: OtlpEncoding, rejected: number, message: string): Buffer | string {
  const partial = rejected === 0 ? {} : { partialSuccess: { rejectedDataPoints: rejected, errorMessage: message } };
  if (encoding === 'json') return JSON.stringify(partial);
  return Buffer.from(responseType.encode(responseType.fromObject(partial)).finish());
}

/** A failure as `google.rpc.Status`. */
export function encodeStatus(encoding: OtlpEncoding, code: number, message: string): Buffer | string {
  if (encoding === 'json') return JSON.stringify({ code, message });
  return Buffer.from(statusType.encode({ code, message }).finish());
}

function jsonOf(body: Uint8Array): unknown {
  const json = decodeJson(body, OTLP_BYTES_MAX);
  const parts = new Parts();
  // What is neither object nor list has no parts, and is refused by its shape.
  const left = [json].filter(isObject);
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    parts.add();
    for (const item of Object.values(one)) if (isObject(item)) left.push(item);
  }
  return json;
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null;
}

function protobufOf(body: Uint8Array): unknown {
  decoding = new Parts();
  try {
    return requestType.toObject(requestType.decode(body), { longs: Number, arrays: true });
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError('payload: not an ExportMetricsServiceRequest in protobuf', { cause: error });
  }
}

class Parts {
  #count = 0;

  add(): void {
    if (++this.#count > PARTS_MAX)
      throw new WireError(`payload: too many points and attributes; allowed: at most ${PARTS_MAX} together`);
  }
}

/** Of the one request that is being decoded: the library knows a bound of depth, and none of number. */
let decoding = new Parts();
for (const one of messagesWithin(requestType)) {
  const decode = one.setup().decode;
  one.decode = function (this: protobuf.Type, ...args) {
    decoding.add();
    return decode.apply(this, args);
  };
}

function messagesWithin(type: protobuf.Type, found = new Set<protobuf.Type>()): ReadonlySet<protobuf.Type> {
  if (found.has(type)) return found;
  found.add(type);
  for (const { resolvedType } of type.fieldsArray)
    if (resolvedType instanceof protobuf.Type) messagesWithin(resolvedType, found);
  return found;
}
