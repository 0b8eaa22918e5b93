// @ts-check
/** @import { SignalForecast } from './documents.ts' */
/** @import { History } from './history.js' */
import { firstAtOrAfter } from './history.js';

/** At most this share of the picture shows the future. */
const AHEAD_SHARE_MAX = 0.25;

/**
 * What the three charts draw, over one common axis of times: the past, then the steps of the newest forecast after
 * `nowS`. Columns are as long as `timesS`.
 * @typedef {{ nowS: number, fromS: number, toS: number, timesS: number[],
 *   load: Cells, q10: Cells, q50: Cells, q90: Cells, q99: Cells,
 *   ready: Cells, occupied: Cells, desired: Cells, floor: Cells, ceiling: Cells, usd: Cells, reactiveUsd: Cells }} Frame
 * `occupied` is ready plus starting.
 * @typedef {(number | null)[]} Cells
 */

/**
 * @param {History} history bridged
 * @param {SignalForecast | null} forecast
 * @param {number} nowS
 * @param {number} rangeS how far back the picture goes
 * @returns {Frame}
 */
export function toFrame(history, forecast, nowS, rangeS) {
  const { columns } = history;
  const pastEnd = firstAtOrAfter(history.timesS, nowS + 1e-3);
  const past = history.timesS.slice(0, pastEnd);
  const ahead = stepsAhead(forecast, Math.max(nowS, past.at(-1) ?? 0), nowS + rangeS * AHEAD_SHARE_MAX);
  const blank = ahead.timesS.map(() => null);
  /** @param {Cells} column @param {Cells} next @returns {Cells} */
  const join = (column, next) => column.slice(0, pastEnd).concat(next);
  const timesS = past.concat(ahead.timesS);
  return {
    nowS,
    fromS: nowS - rangeS,
    toS: Math.max(nowS + rangeS * 0.01, timesS.at(-1) ?? nowS),
    timesS,
    load: join(columns.load, blank),
    q10: join(columns.q10, ahead.level('0.1')),
    q50: join(columns.q50, ahead.level('0.5')),
    q90: join(columns.q90, ahead.level('0.9')),
    q99: join(columns.q99, ahead.level('0.99')),
    ready: join(columns.ready, blank),
    occupied: join(
      columns.ready.map((ready, i) => (ready === null ? null : ready + (columns.starting[i] ?? 0))),
      blank,
    ),
    desired: join(columns.desired, blank),
    floor: join(columns.floor, blank),
    ceiling: join(columns.ceiling, blank),
    usd: join(columns.usd, blank),
    reactiveUsd: join(columns.reactiveUsd, blank),
  };
}

/** @param {SignalForecast | null} forecast @param {number} afterS @param {number} untilS */
function stepsAhead(forecast, afterS, untilS) {
  const timesS = (forecast?.times ?? []).map((time) => Date.parse(time) / 1000);
  const kept = timesS.map((timeS, i) => ({ timeS, i })).filter(({ timeS }) => timeS > afterS && timeS <= untilS);
  return {
    timesS: kept.map(({ timeS }) => timeS),
    /** @param {string} level @returns {Cells} */
    level: (level) => kept.map(({ i }) => forecast?.quantiles[level]?.[i] ?? null),
  };
}

/**
 * What is forecast for `timeS`: the quantiles of the nearest step, null when the forecast does not reach it.
 * @param {SignalForecast | null} forecast @param {number} timeS
 */
export function forecastAt(forecast, timeS) {
  if (!forecast || forecast.times.length === 0) return null;
  const distances = forecast.times.map((time) => Math.abs(Date.parse(time) / 1000 - timeS));
  const nearestS = Math.min(...distances);
  if (nearestS > forecast.step_seconds) return null;
  const step = distances.indexOf(nearestS);
  /** @param {string} level */
  const at = (level) => forecast.quantiles[level]?.[step] ?? null;
  return { q10: at('0.1'), q50: at('0.5'), q90: at('0.9'), q99: at('0.99') };
}
