import { type Forecast, MAX_LEAD_MINUTES, quantileAt } from '@forescale/shared/domain';

const MINUTE_MS = 60_000;

/** The quantile that pays: a missing node costs k times an idle one, so a share k / (k + 1) of cases is covered. */
export function newsvendorLevel(shortageCostRatio: number): number {
  return shortageCostRatio / (shortageCostRatio + 1);
}

/** Beyond the highest level the demand of a level grows by this power of how much rarer it is: 10 times, 1.26. */
const TAIL_POWER = 0.1;

/** Of a load above what was expected for now, this share is taken to last. */
const SURGE_SHARE = 0.5;

/**
 * How much more than forecast is to be provided for, given the load as it is now: a surge begins as a sample or two above
 * the median, which a forecast rightly takes for noise half of the time. Who pays for missing nodes must not.
 */
export function surgeAt(forecast: Forecast, observed: number, atMs: number): number {
  const expected = quantileAt(forecast.levels, columnAt(forecast, Math.max(atMs, forecast.issuedMs)), 0.5);
  return SURGE_SHARE * Math.max(0, observed - expected);
}

/** As `quantileAt`, and beyond the highest level that is published. */
function quantileOf(levels: readonly number[], values: readonly number[], level: number): number {
  const highest = levels.at(-1) ?? 1;
  const value = quantileAt(levels, values, level);
  return level <= highest ? value : value + Math.abs(value) * (((1 - highest) / (1 - level)) ** TAIL_POWER - 1);
}

/**
 * The quantile of the demand at `atMs`, in the unit of the signal.
 *
 * A step of the forecast is a mean, and single values scatter around it; the maximum over the first minute is one
 * single value, so it tells that scatter. The upper half-width at `atMs` is at least that of the first minute, and the
 * demand at a moment is at most the maximum over all moments until then:
 * `min(max over (issued, at], median(at) + max(mean's half-width at `atMs`, half-width of the first minute))`.
 */
export function demandAt(forecast: Forecast, level: number, atMs: number): number {
  const mean = quantileOf(forecast.levels, columnAt(forecast, atMs), level);
  if (level <= 0.5) return mean;
  const median = quantileOf(forecast.levels, columnAt(forecast, atMs), 0.5);
  const first = forecast.maxQuantiles.map((row) => row[0] as number);
  const scatter = quantileOf(forecast.levels, first, level) - quantileOf(forecast.levels, first, 0.5);
  const single = median + Math.max(mean - median, scatter);
  return Math.max(mean, Math.min(single, demandMaxUntil(forecast, level, atMs)));
}

/** The quantile of the *maximum* of the demand over (issued, untilMs]. */
export function demandMaxUntil(forecast: Forecast, level: number, untilMs: number): number {
  const leadMinutes = (untilMs - forecast.issuedMs) / MINUTE_MS;
  const last = MAX_LEAD_MINUTES.length - 1;
  let upper = 0;
  while (upper < last && (MAX_LEAD_MINUTES[upper] as number) < leadMinutes) upper++;
  const high = quantileOf(
    forecast.levels,
    forecast.maxQuantiles.map((row) => row[upper] as number),
    level,
  );
  const to = MAX_LEAD_MINUTES[upper] as number;
  if (upper === 0 || leadMinutes === to) return high;
  if (leadMinutes > to) return Math.max(high, pointMax(forecast, level, forecast.issuedMs + to * MINUTE_MS, untilMs));
  const low = quantileOf(
    forecast.levels,
    forecast.maxQuantiles.map((row) => row[upper - 1] as number),
    level,
  );
  const from = MAX_LEAD_MINUTES[upper - 1] as number;
  return low + ((high - low) * (leadMinutes - from)) / (to - from);
}

/** Beyond the longest window only the quantiles of the steps are known; the largest of them is the best there is. */
function pointMax(forecast: Forecast, level: number, fromMs: number, untilMs: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let step = 0; step < forecast.timesMs.length; step++) {
    const timeMs = forecast.timesMs[step] as number;
    if (timeMs <= fromMs || timeMs > untilMs + forecast.stepMs) continue;
    const column = forecast.quantiles.map((row) => row[step] as number);
    largest = Math.max(largest, quantileOf(forecast.levels, column, level));
  }
  return largest;
}

/**
 * Values at all levels at `atMs`, linear between steps. A step's value is the mean over the step that ends at its
 * time, so it belongs to its middle.
 */
function columnAt(forecast: Forecast, atMs: number): number[] {
  const { timesMs, quantiles, stepMs } = forecast;
  const wanted = atMs + stepMs / 2;
  const last = timesMs.length - 1;
  let upper = 0;
  while (upper < last && (timesMs[upper] as number) < wanted) upper++;
  const to = timesMs[upper] as number;
  if (upper === 0 || wanted >= to) return quantiles.map((row) => row[upper] as number);
  const from = timesMs[upper - 1] as number;
  const share = (wanted - from) / (to - from);
  return quantiles.map((row) => {
    const low = row[upper - 1] as number;
    return low + share * ((row[upper] as number) - low);
  });
}
