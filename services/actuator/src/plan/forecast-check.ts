import type { PoolConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { MAX_LEAD_MINUTES } from '@forescale/shared/domain';

/** A clock that is ahead of ours by more than this is wrong. */
const FUTURE_MS_MAX = 60_000;

/**
 * A forecast is judged by a whole day: until then it counts, wide as it is while little is known. Of the 24 hours the
 * running one may have nothing yet.
 */
const DAY_HOURS = 23;

/**
 * A forecast that says nothing: always zero has a weighted quantile loss above 1, three times the usual error of
 * repeating yesterday is no model, and a 0.9 quantile that holds half of the time is none. And one that was worse than
 * seasonal-naive for a day, by more than chance: a day is a few dozen errors at most that do not hang together, and
 * on some days the past repeats itself by luck. On recorded loads, days at 1.25 times the naive error are followed by
 * days at or below 1, which is chance; from 1.5 on the next day is no better than naive either.
 */
const ACCURACY_LIMITS = { wqlMax: 1, maseMax: 3, coverage90Min: 0.5, relativeErrorMax: 1.5 } as const;

/** Why a forecast must not be used at `nowMs`, in words; null when it may. `untilMs` is what it has to reach. */
export function whyRejected(forecast: Forecast, pool: PoolConfig, nowMs: number, untilMs: number): string | null {
  if (forecast.pool !== pool.name) return `is for pool ${forecast.pool}`;
  const signal = pool.signals.find((one) => one.name === forecast.signal);
  if (!signal) return 'is for a signal that the pool does not have';
  if (signal.capacityPerNode === null) return 'no capacity_per_node turns it into nodes';
  return whyUnusable(forecast, nowMs, untilMs);
}

/** The same for whoever has no nodes in mind: whether it is of this time, whole, and better than none. */
export function whyUnusable(forecast: Forecast, nowMs: number, untilMs: number): string | null {
  return whyUntimely(forecast, nowMs, untilMs) ?? whyMalformed(forecast) ?? whyInaccurate(forecast);
}

function whyUntimely(forecast: Forecast, nowMs: number, untilMs: number): string | null {
  const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;
  const { issuedMs, validUntilMs } = forecast;
  if (!Number.isFinite(issuedMs) || !Number.isFinite(validUntilMs)) return 'has no time';
  if (issuedMs > nowMs + FUTURE_MS_MAX) return `was issued ${seconds(issuedMs - nowMs)} in the future`;
  if (nowMs > validUntilMs) return `expired ${seconds(nowMs - validUntilMs)} ago`;
  const reachMs = forecast.timesMs.at(-1);
  if (reachMs === undefined || reachMs < untilMs) return 'ends before what is ordered now would be Ready';
  return null;
}

function whyMalformed(forecast: Forecast): string | null {
  const { levels, timesMs, quantiles, maxQuantiles } = forecast;
  if (levels.length === 0 || !isAscending(levels) || !isAscending(timesMs)) return 'is malformed: levels or times';
  const shapes: [readonly (readonly number[])[], number][] = [
    [quantiles, timesMs.length],
    [maxQuantiles, MAX_LEAD_MINUTES.length],
  ];
  for (const [rows, length] of shapes) {
    if (rows.length !== levels.length) return `is malformed: ${rows.length} rows for ${levels.length} levels`;
    for (let level = 0; level < rows.length; level++) {
      const row = rows[level] as readonly number[];
      const below = rows[level - 1];
      if (row.length !== length) return `is malformed: ${row.length} values where ${length} belong`;
      for (let i = 0; i < length; i++) {
        const value = row[i] as number;
        if (!Number.isFinite(value)) return 'is not finite';
        const lower = below?.[i] ?? value;
        if (value < lower - 1e-9 * Math.abs(lower))
          return `crosses: quantile ${levels[level]} is below the one under it`;
      }
    }
  }
  return null;
}

function isAscending(values: readonly number[]): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value) || (i > 0 && value <= (values[i - 1] as number))) return false;
  }
  return true;
}

function whyInaccurate({ accuracy }: Forecast): string | null {
  if (accuracy === null || (accuracy.hours !== null && accuracy.hours < DAY_HOURS)) return null;
  const { wqlMax, maseMax, coverage90Min, relativeErrorMax } = ACCURACY_LIMITS;
  const { wql, mase, coverage90, relativeError } = accuracy;
  if (!(wql <= wqlMax)) return `is inaccurate: weighted quantile loss ${wql.toFixed(2)} > ${wqlMax}`;
  if (!(mase <= maseMax)) {
    return `is inaccurate: ${mase.toFixed(2)} times the usual error of repeating yesterday > ${maseMax}`;
  }
  if (!(coverage90 >= coverage90Min)) {
    return `is inaccurate: its 0.9 quantile held ${(100 * coverage90).toFixed(0)} % of the time`;
  }
  if (relativeError !== null && !(relativeError <= relativeErrorMax)) {
    return `was worse than seasonal-naive for a day: ${relativeError.toFixed(2)} times its error > ${relativeErrorMax}`;
  }
  return null;
}
