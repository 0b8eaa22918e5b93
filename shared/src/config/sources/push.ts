import { z } from 'zod';
import { choice, line, list, name, section } from '../issues.ts';

const ATTRIBUTES_MAX = 32;
const attribute = z.union([z.string().max(255), z.number(), z.boolean()], {
  error: 'allowed: text, a number or a boolean',
});

/** One metric of OTLP, and the signal that it becomes. */
const otlpMetricSchema = section({
  metric: line(255, 'the name of a metric, such as http.server.request.duration'),
  pool: name,
  signal: name,
  /** Only data points that carry all of these, on themselves or on their resource. */
  attributes: z
    .record(line(255, 'the name of an attribute'), attribute.transform(String), { error: 'allowed: a map' })
    .refine((map) => Object.keys(map).length <= ATTRIBUTES_MAX, { error: `allowed: at most ${ATTRIBUTES_MAX}` })
    .default({}),
  /** Of a histogram or summary: how many there were, what they add up to, or the mean of those since the last point. */
  of: choice(['count', 'sum', 'mean']).default('count'),
});

/** OpenTelemetry metrics over HTTP: `POST /v1/metrics`. */
export const otlpSchema = section({ metrics: list(otlpMetricSchema, 1, 500, 'metrics') });

export type OtlpConfig = z.output<typeof otlpSchema>;

/** KPIs over HTTP: `POST /api/v1/kpi`. There is nothing to set: the section turns it on. */
export const pushSchema = section({});
