import { z } from 'zod';
import { FORECAST_LEVELS, type Forecast, type ForecastAccuracy, MAX_LEAD_MINUTES } from '../domain/index.ts';
import { encodeEvent, moment, rfc3339 } from './events.ts';

const STEPS_MAX = 2_016;

const byLevel = z.record(z.string(), z.array(z.number()).max(STEPS_MAX));

/** The last two came later: a predictor that does not know them says nothing on them. */
const accuracyData = z.object({
  wql: z.number(),
  mase: z.number(),
  coverage90: z.number(),
  coverage99: z.number(),
  relative_error: z.number().nullable().default(null),
  hours: z.number().min(0).max(24).nullable().default(null),
});

const forecastData = z.object({
  pool: z.string().max(63),
  signal: z.string().max(63),
  issued: moment,
  valid_until: moment,
  step_seconds: z.number().min(0.001).max(86_400),
  times: z.array(moment).min(1).max(STEPS_MAX),
  quantiles: byLevel,
  max_quantiles: z.record(z.string(), z.record(z.string(), z.number())),
  model: z.string().max(63),
  backend: z.string().max(63),
  weights: z.record(z.string().max(63), z.number()),
  accuracy: accuracyData.nullable(),
});

/** The data of `forescale.v1.forecast.<pool>.<signal>`, with every quantile level and every lead present. */
export const forecastSchema = forecastData.transform((raw, context): Forecast => {
  const quantiles: number[][] = [];
  const maxQuantiles: number[][] = [];
  for (const level of FORECAST_LEVELS) {
    const values = raw.quantiles[String(level)];
    const leads = MAX_LEAD_MINUTES.map((minutes) => raw.max_quantiles[String(minutes)]?.[String(level)]);
    if (values?.length !== raw.times.length) {
      context.addIssue({ code: 'custom', path: ['quantiles', String(level)], message: 'allowed: one value per time' });
      return z.NEVER;
    }
    const absent = leads.indexOf(undefined);
    if (absent >= 0) {
      const path = ['max_quantiles', String(MAX_LEAD_MINUTES[absent]), String(level)];
      context.addIssue({ code: 'custom', path, message: 'allowed: a value for each lead and level' });
      return z.NEVER;
    }
    quantiles.push(values);
    maxQuantiles.push(leads as number[]);
  }
  return {
    pool: raw.pool,
    signal: raw.signal,
    issuedMs: raw.issued,
    validUntilMs: raw.valid_until,
    stepMs: Math.round(raw.step_seconds * 1_000),
    levels: FORECAST_LEVELS,
    timesMs: raw.times,
    quantiles,
    maxQuantiles,
    model: raw.model,
    backend: raw.backend,
    weights: raw.weights,
    accuracy: raw.accuracy && decodeAccuracy(raw.accuracy),
  };
});

export function encodeForecast(forecast: Forecast): Uint8Array {
  const { pool, signal, issuedMs } = forecast;
  const origin = { id: `${pool}.${signal}.${issuedMs}`, source: '/forescale/predictor', timeMs: issuedMs };
  return encodeEvent('forecast', origin, encodeForecastData(forecast));
}

/** A forecast as `forecastSchema` reads it. */
export function encodeForecastData(forecast: Forecast): z.input<typeof forecastData> {
  const leads = MAX_LEAD_MINUTES.map((minutes, lead) => [
    minutes,
    Object.fromEntries(forecast.levels.map((level, index) => [level, forecast.maxQuantiles[index]?.[lead]])),
  ]);
  return {
    pool: forecast.pool,
    signal: forecast.signal,
    issued: rfc3339(forecast.issuedMs),
    valid_until: rfc3339(forecast.validUntilMs),
    step_seconds: forecast.stepMs / 1_000,
    times: forecast.timesMs.map(rfc3339),
    quantiles: Object.fromEntries(
      forecast.levels.map((level, index) => [level, [...(forecast.quantiles[index] ?? [])]]),
    ),
    max_quantiles: Object.fromEntries(leads),
    model: forecast.model,
    backend: forecast.backend,
    weights: forecast.weights,
    accuracy: forecast.accuracy && encodeAccuracy(forecast.accuracy),
  };
}

function decodeAccuracy({ relative_error, ...rest }: z.output<typeof accuracyData>): ForecastAccuracy {
  return { ...rest, relativeError: relative_error };
}

/** The accuracy as it stands in a forecast's data. */
export function encodeAccuracy({ relativeError, ...rest }: ForecastAccuracy): z.input<typeof accuracyData> {
  return { ...rest, relative_error: relativeError };
}
