import { planSchema, sourcesSchema } from '@forescale/shared/wire';
import { z } from 'zod';

/** Leads at which `/api/v1/history` shows what was forecast: how long before its time a forecast was made. */
export const HISTORY_LEADS = ['5m', '15m', '60m'] as const;

const POINTS_MAX = 2_000;
const DECISIONS_MAX = 100;
const name = z.string().regex(/^[a-z0-9-]{1,63}$/, { error: 'allowed: a name of a-z, 0-9 and -' });
const count = z.number().int().min(0);
const timeText = z.iso.datetime({ offset: true });

const poolSchema = z.object({
  name: z.string(),
  mode: z.enum(['observe', 'enforce']),
  paused: z.boolean(),
  provider: z.string(),
  signals: z.array(z.object({ name: z.string(), unit: z.string(), capacityPerNode: z.number().nullable() })),
  bounds: z.object({
    min: count,
    minFrom: z.string(),
    max: count,
    maxFrom: z.string(),
    usdPerHourMax: z.number().nullable(),
  }),
  /** Null until the pool was planned for the first time. */
  ready: count.nullable(),
  starting: count.nullable(),
  draining: count.nullable(),
  desired: count.nullable(),
  usdPerHour: z.number().nullable(),
  reactiveUsdPerHour: z.number().nullable(),
  /** What both rest on: the least reliable source, its oldest day, and how many offerings have their price from where. */
  prices: z.object({
    source: z.enum(['configured', 'static', 'live', 'unknown']),
    asOf: z.string().nullable(),
    estimate: z.boolean(),
    counts: z.object({ configured: count, static: count, live: count, unknown: count }),
    /** Why live prices are missing, in words; null: they are not, or the provider tells none. */
    trouble: z.string().nullable(),
  }),
});

/** `GET /api/v1/pools`. `notice` says in words that nothing is changed where a pool only observes; else null. */
export const poolsSchema = z.object({ now: timeText, notice: z.string().nullable(), pools: z.array(poolSchema) });

/** `GET /api/v1/plan?pool`. `plan` is what stands on `forescale.v1.plan.<pool>`; `decisions` are newest first. */
export const planDocumentSchema = z.object({
  now: timeText,
  plan: planSchema.nullable(),
  decisions: z
    .array(
      z.object({
        time: timeText,
        mode: z.enum(['observe', 'enforce']),
        /** What was done (in `observe`: would be done), for example `create`, `drain`, `override`. */
        kind: z.string(),
        target: z.string(),
        count,
        why: z.string(),
      }),
    )
    .max(DECISIONS_MAX),
});

/** `GET /api/v1/forecast?pool`: the data of the newest `forescale.v1.forecast.<pool>.<signal>` of every signal. */
export const forecastDocumentSchema = z.object({
  now: timeText,
  forecasts: z.array(
    z.object({
      signal: z.string(),
      issued: timeText,
      valid_until: timeText,
      step_seconds: z.number(),
      times: z.array(timeText),
      quantiles: z.record(z.string(), z.array(z.number())),
      max_quantiles: z.record(z.string(), z.record(z.string(), z.number())),
      model: z.string(),
      backend: z.string(),
      weights: z.record(z.string(), z.number()),
      accuracy: z
        .object({
          wql: z.number(),
          mase: z.number(),
          coverage90: z.number(),
          coverage99: z.number(),
          relative_error: z.number().nullable().default(null),
          hours: z.number().nullable().default(null),
        })
        .nullable(),
    }),
  ),
});

/** `POST /api/v1/override?pool`, and a request on `forescale.v1.override.<pool>`. */
export const overrideAnswerSchema = z.object({
  ok: z.literal(true),
  pool: z.string().max(63),
  until: timeText.nullable(),
  what: z.string().max(2_000),
});

const column = z.array(z.number().nullable());

/**
 * `GET /api/v1/history?pool&signal&from&to&points`, by column: every array is as long as `times` (epoch seconds,
 * ascending, evenly spaced, possibly in the future where a forecast reaches); null where nothing was recorded.
 * A cell shows the last value in (time - step, time]; `load` its mean.
 */
export const historySchema = z.object({
  now: timeText,
  pool: z.string(),
  signal: z.string(),
  unit: z.string(),
  step_seconds: z.number(),
  times: z.array(z.number()),
  load: column,
  /** By lead: what was forecast for this time so long before it. */
  forecasts: z.record(z.enum(HISTORY_LEADS), z.object({ q10: column, q50: column, q90: column, q99: column })),
  ready: column,
  starting: column,
  need: column,
  desired: column,
  floor: column,
  ceiling: column,
  usd_per_hour: column,
  reactive_usd_per_hour: column,
});

const epochOrText = z
  .union([z.iso.datetime({ offset: true }), z.string().regex(/^\d{1,12}$/)], {
    error: 'allowed: epoch seconds or an RFC 3339 time',
  })
  .transform((text) => (/^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text)));

export const poolQuerySchema = z.object({ pool: name });

/** A whole number out of a query string. */
function whole(min: number, max: number) {
  const error = `allowed: a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

export const historyQuerySchema = z.object({
  pool: name,
  signal: name,
  from: epochOrText.optional(),
  to: epochOrText.optional(),
  points: whole(2, POINTS_MAX).default(500),
});

export const planQuerySchema = poolQuerySchema.extend({ decisions: whole(0, DECISIONS_MAX).default(20) });

export const sourcesDocumentSchema = z.object({
  now: z.iso.datetime(),
  /** Null: no collector was heard of lately. */
  sources: z.array(sourcesSchema.shape.sources.element).nullable(),
});

export type SourcesDocument = z.input<typeof sourcesDocumentSchema>;
export type PoolsDocument = z.input<typeof poolsSchema>;
export type PlanDocument = z.input<typeof planDocumentSchema>;
export type ForecastDocument = z.input<typeof forecastDocumentSchema>;
export type HistoryDocument = z.input<typeof historySchema>;
