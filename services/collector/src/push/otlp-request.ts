import { readFileSync } from 'node:fs';
import { decodeJson, parseWire, WireError } from '@forescale/shared/wire';
import protobuf from 'protobufjs';
import { z } from 'zod';

/** Of a request, once it is unpacked. */
export const OTLP_BYTES_MAX = 4 * 2 ** 20;
const POINTS_MAX = 100_000;
const METRICS_MAX = 20_000;
const ATTRIBUTES_MAX = 128;
const TEXT_MAX = 1_024;

const { root } = protobuf.parse(readFileSync(new URL('otlp.proto', import.meta.url), 'utf8'));
const requestType = root.lookupType('otlp.ExportMetricsServiceRequest');
const responseType = root.lookupType('otlp.ExportMetricsServiceResponse');
const statusType = root.lookupType('otlp.Status');

/** Numbers of 64 bits are texts in JSON, and so are NaN and the infinite ones: those are gaps, and no mistakes. */
const number = z.union([z.custom<number>((one) => typeof one === 'number'), z.string().max(32).transform(Number)], {
  error: 'allowed: a number',
});
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

const value = z.looseObject({
  stringValue: z.string().max(TEXT_MAX).optional(),
  boolValue: z.boolean().optional(),
  intValue: whole.optional(),
  doubleValue: number.optional(),
});
const attributes = z
  .array(z.looseObject({ key: text, value: value.optional() }))
  .max(ATTRIBUTES_MAX, { error: `allowed: at most ${ATTRIBUTES_MAX} attributes` })
  .default([]);

const common = {
  attributes,
  startTimeUnixNano: whole.default(0),
  timeUnixNano: whole.default(0),
  flags: whole.default(0),
};
const points = <Point extends z.ZodType>(point: Point) =>
  z
    .array(point)
    .max(POINTS_MAX, { error: `allowed: at most ${POINTS_MAX} data points` })
    .default([]);
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
const request = z.looseObject({
  resourceMetrics: z
    .array(
      z.looseObject({
        resource: z.looseObject({ attributes }).optional(),
        scopeMetrics: z.array(z.looseObject({ metrics: z.array(metric).max(METRICS_MAX).default([]) })).default([]),
      }),
    )
    .max(METRICS_MAX)
    .default([]),
});

export type OtlpRequest = z.output<typeof request>;
export type OtlpMetric = z.output<typeof metric>;
export type OtlpAttributes = z.output<typeof attributes>;
export type OtlpNumberPoint = z.output<typeof numberPoints>[number];
export type OtlpCountPoint = z.output<typeof countPoints>[number];
export type OtlpEncoding = 'json' | 'protobuf';

/** Reads an export request of either encoding. Throws `WireError`. */
export function decodeRequest(encoding: OtlpEncoding, body: Uint8Array): OtlpRequest {
  return parseWire(encoding === 'json' ? decodeJson(body, OTLP_BYTES_MAX) : protobufOf(body), request);
}

/** How many data points were not taken, and why the first was not; nothing where all were. */
export function encodeResponse(encoding: OtlpEncoding, rejected: number, message: string): Buffer | string {
  const partial = rejected === 0 ? {} : { partialSuccess: { rejectedDataPoints: rejected, errorMessage: message } };
  if (encoding === 'json') return JSON.stringify(partial);
  return Buffer.from(responseType.encode(responseType.fromObject(partial)).finish());
}

/** A failure as `google.rpc.Status`; 3 is INVALID_ARGUMENT, 14 UNAVAILABLE. */
export function encodeStatus(encoding: OtlpEncoding, code: 3 | 14, message: string): Buffer | string {
  if (encoding === 'json') return JSON.stringify({ code, message });
  return Buffer.from(statusType.encode({ code, message }).finish());
}

function protobufOf(body: Uint8Array): unknown {
  try {
    return requestType.toObject(requestType.decode(body), { longs: Number, arrays: true });
  } catch (error) {
    throw new WireError('payload: not an ExportMetricsServiceRequest in protobuf', { cause: error });
  }
}
