/** The quantile levels that every published forecast carries, ascending. Planning interpolates between them. */
export const FORECAST_LEVELS = [0.1, 0.5, 0.9, 0.95, 0.99, 0.999] as const;

/** The windows, in minutes after `issuedMs`, for which quantiles of the maximum are published, ascending. */
export const MAX_LEAD_MINUTES = [1, 2, 3, 5, 10, 15, 30, 60] as const;

/** How good a series' forecasts were over the last day of matured targets. All are ratios without a unit. */
export interface ForecastAccuracy {
  /** Weighted quantile loss: 2 x pinball, averaged over levels, over the sum of |actual|. */
  readonly wql: number;
  /** Mean absolute error of the median over that of the seasonal-naive forecast on the history. */
  readonly mase: number;
  /** Share of actual values at or below the 0.9 (0.99) quantile. */
  readonly coverage90: number;
  readonly coverage99: number;
  /**
   * Absolute error of the median over that of the seasonal-naive forecast (a day or a week ago) that was issued at the
   * same moments for the same steps; above 1 it would have been better to repeat the past. Errors below 1 % of the
   * load are no reproach: no smaller one is divided by. Null when nobody compared.
   */
  readonly relativeError: number | null;
  /** Of the last 24 hours, those in which steps matured; null when nobody counted. */
  readonly hours: number | null;
}

/**
 * The expected load of one signal, as quantiles, in the unit of the signal.
 *
 * Shapes: `quantiles[level][step]` belongs to `levels[level]` and `timesMs[step]`; `maxQuantiles[level][lead]` is
 * the quantile of the *maximum* over (issuedMs, issuedMs + MAX_LEAD_MINUTES[lead] min], which no pointwise quantile
 * gives. Quantiles never cross: values never fall as the level rises.
 */
export interface Forecast {
  readonly pool: string;
  readonly signal: string;
  readonly issuedMs: number;
  readonly validUntilMs: number;
  readonly stepMs: number;
  readonly levels: readonly number[];
  readonly timesMs: readonly number[];
  readonly quantiles: readonly (readonly number[])[];
  readonly maxQuantiles: readonly (readonly number[])[];
  /** The model that made it, for example `combination` or `seasonal-naive`, and where it ran (`wasm`, `cpu`, …). */
  readonly model: string;
  readonly backend: string;
  /** Share of each member in the combination; sums to 1. */
  readonly weights: Readonly<Record<string, number>>;
  /** Null until one horizon has matured. */
  readonly accuracy: ForecastAccuracy | null;
}

/**
 * The value at `level` from values given at ascending `levels`: linear between neighbours in the logit of the level
 * (tails are then neither cut off nor straight lines), the nearest value outside of them.
 */
export function quantileAt(levels: readonly number[], values: readonly number[], level: number): number {
  const last = levels.length - 1;
  if (last < 0 || values.length !== levels.length) {
    throw new RangeError(`quantileAt: ${levels.length} levels for ${values.length} values`);
  }
  if (level <= (levels[0] as number)) return values[0] as number;
  if (level >= (levels[last] as number)) return values[last] as number;
  let upper = 1;
  while ((levels[upper] as number) < level) upper++;
  const low = logit(levels[upper - 1] as number);
  const share = (logit(level) - low) / (logit(levels[upper] as number) - low);
  const from = values[upper - 1] as number;
  return from + share * ((values[upper] as number) - from);
}

function logit(p: number): number {
  return Math.log(p / (1 - p));
}
