import { type Forecast, MAX_LEAD_MINUTES, quantileAt } from '@forescale/shared/domain';

const MINUTE_MS = 60_000;

/** The quantile that pays: a missing node costs k times an idle one, so a share k / (k + 1) of cases is covered. */
export function newsvendorLevel(shortageCostRatio: number): number {
  return shortageCostRatio / (shortageCostRatio + 1);
}

/**
 * Up to here demand is what the forecast says. Beyond it a quantile rests on the few largest errors of the last days and
 * follows how restless the load is now; what comes that rarely (kick-off, a crowd) comes out of quiet hours too, and is
 * as large as the load is. So the tail is Pareto's: demand grows by a power of how much rarer it is, 10 times: 1.12.
 */
const TAIL_FROM = 0.95;
const TAIL_POWER = 0.05;

/** What is provided for: the quantile of a forecast, and how many times that. */
export interface Provision {
  readonly level: number;
  readonly times: number;
}

/** `level` is that of `newsvendorLevel`; 0.99 is five times as rare as 0.95: 1.08 times the latter's demand. */
export function provisionOf(level: number): Provision {
  if (level <= TAIL_FROM) return { level, times: 1 };
  return { level: TAIL_FROM, times: ((1 - TAIL_FROM) / (1 - level)) ** TAIL_POWER };
}

/** Of a load above what was expected for now, this share is taken to last. */
const SURGE_SHARE = 2 / 3;

/**
 * How much more than forecast is to be provided for, given the load as it is now: a surge begins as a sample or two above
 * the median, which a forecast rightly takes for noise half of the time. Who pays for missing nodes must not.
 */
export function surgeAt(forecast: Forecast, observed: number, atMs: number): number {
  const expected = quantileAt(forecast.levels, columnAt(forecast, Math.max(atMs, forecast.issuedMs)), 0.5);
  return SURGE_SHARE * Math.max(0, observed - expected);
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
  const mean = quantileAt(forecast.levels, columnAt(forecast, atMs), level);
  if (level <= 0.5) return mean;
  const median = quantileAt(forecast.levels, columnAt(forecast, atMs), 0.5);
  const first = forecast.maxQuantiles.map((row) => row[0] as number);
  const scatter = quantileAt(forecast.levels, first, level) - quantileAt(forecast.levels, first, 0.5);
  const single = median + Math.max(mean - median, scatter);
  return Math.max(mean, Math.min(single, demandMaxUntil(forecast, level, atMs)));
}

/** The quantile of the *maximum* of the demand over (issued, untilMs]. */
export function demandMaxUntil(forecast: Forecast, level: number, untilMs: number): number {
  const leadMinutes = (untilMs - forecast.issuedMs) / MINUTE_MS;
  const last = MAX_LEAD_MINUTES.length - 1;
  let upper = 0;
  while (upper < last && (MAX_LEAD_MINUTES[upper] as number) < leadMinutes) upper++;
  const high = quantileAt(
    forecast.levels,
    forecast.maxQuantiles.map((row) => row[upper] as number),
    level,
  );
  const to = MAX_LEAD_MINUTES[upper] as number;
  if (upper === 0 || leadMinutes === to) return high;
  if (leadMinutes > to) return Math.max(high, pointMax(forecast, level, forecast.issuedMs + to * MINUTE_MS, untilMs));
  const low = quantileAt(
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
    largest = Math.max(largest, quantileAt(forecast.levels, column, level));
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
