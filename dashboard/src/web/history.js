// @ts-check
/** @import { HistoryDocument } from './documents.ts' */

/** The columns of a history that the page draws, in one flat record. @typedef {typeof COLUMNS[number]} ColumnName */
const COLUMNS = /** @type {const} */ ([
  'load',
  'q10',
  'q50',
  'q90',
  'q99',
  'ready',
  'starting',
  'desired',
  'floor',
  'ceiling',
  'usd',
  'reactiveUsd',
]);

/**
 * What is known of the past of one signal: `timesS` in epoch seconds, strictly ascending, and columns of the same
 * length; null where nothing was recorded. The quantiles are those forecast 15 minutes before their time.
 * @typedef {{ stepS: number, timesS: number[], columns: Record<ColumnName, (number | null)[]> }} History
 */

/** @param {HistoryDocument} document @returns {History} */
export function toHistory(document) {
  const lead = document.forecasts['15m'];
  return {
    stepS: document.step_seconds,
    timesS: [...document.times],
    columns: {
      load: [...document.load],
      q10: [...lead.q10],
      q50: [...lead.q50],
      q90: [...lead.q90],
      q99: [...lead.q99],
      ready: [...document.ready],
      starting: [...document.starting],
      desired: [...document.desired],
      floor: [...document.floor],
      ceiling: [...document.ceiling],
      usd: [...document.usd_per_hour],
      reactiveUsd: [...document.reactive_usd_per_hour],
    },
  };
}

/**
 * The history with its end replaced by `tail`, and without what lies before `fromS`. The tail wins where both have
 * something, since the newest cells are still filling.
 * @param {History} history @param {History} tail @param {number} fromS @returns {History}
 */
export function mergeTail(history, tail, fromS) {
  const firstS = tail.timesS[0] ?? Number.POSITIVE_INFINITY;
  const from = firstAtOrAfter(history.timesS, fromS);
  const to = firstAtOrAfter(history.timesS, firstS);
  /** @template T @param {T[]} kept @param {T[]} added */
  const join = (kept, added) => kept.slice(from, Math.max(from, to)).concat(added);
  return {
    stepS: history.stepS,
    timesS: join(history.timesS, tail.timesS),
    columns: mapColumns((name) => join(history.columns[name], tail.columns[name])),
  };
}

/**
 * The history with what `recent` has after its end. Its cells may be of another width.
 * @param {History} history @param {History} recent @returns {History}
 */
export function appendAfter(history, recent) {
  const from = firstAtOrAfter(recent.timesS, (history.timesS.at(-1) ?? 0) + 1);
  return {
    stepS: history.stepS,
    timesS: history.timesS.concat(recent.timesS.slice(from)),
    columns: mapColumns((name) => history.columns[name].concat(recent.columns[name].slice(from))),
  };
}

/**
 * The history as it is drawn: a signal that is sampled each 5 minutes leaves four of five one-minute cells empty, which
 * is no gap. So up to three times a column's own spacing (its median) is bridged; what is longer stays empty.
 * Measurements are bridged by a straight line, states (nodes, bounds, money) by what held before.
 * @param {History} history @returns {History}
 */
export function bridgeCells(history) {
  const { timesS, columns } = history;
  /** @type {ReadonlySet<ColumnName>} */
  const measured = new Set(['load', 'q10', 'q50', 'q90', 'q99']);
  return { ...history, columns: mapColumns((name) => bridge(timesS, columns[name], measured.has(name))) };
}

/** @param {readonly number[]} timesS @param {readonly (number | null)[]} column @param {boolean} linear */
function bridge(timesS, column, linear) {
  /** @type {number[]} */
  const filled = [];
  for (let i = 0; i < column.length; i++) if (column[i] !== null) filled.push(i);
  const result = [...column];
  const spacings = [];
  for (let k = 1; k < filled.length; k++) spacings.push(at(timesS, at(filled, k)) - at(timesS, at(filled, k - 1)));
  const longestS = 3 * (spacings.toSorted((a, b) => a - b)[spacings.length >> 1] ?? 0);
  for (let k = 1; k < filled.length; k++) {
    const [from, to] = [at(filled, k - 1), at(filled, k)];
    const spanS = at(timesS, to) - at(timesS, from);
    if (to === from + 1 || spanS > longestS) continue;
    const [low, high] = [at(column, from) ?? 0, at(column, to) ?? 0];
    for (let i = from + 1; i < to; i++) {
      result[i] = linear ? low + ((high - low) * (at(timesS, i) - at(timesS, from))) / spanS : low;
    }
  }
  return result;
}

/** The last value of a column that is not null. @param {readonly (number | null)[]} column */
export function lastOf(column) {
  return column.findLast((value) => value !== null) ?? null;
}

/** Index of the first time at or after `timeS`; the length when there is none. @param {readonly number[]} timesS @param {number} timeS */
export function firstAtOrAfter(timesS, timeS) {
  let low = 0;
  let high = timesS.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(timesS, middle) < timeS) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @template T @param {(name: ColumnName) => T} make @returns {Record<ColumnName, T>} */
function mapColumns(make) {
  return /** @type {Record<ColumnName, T>} */ (Object.fromEntries(COLUMNS.map((name) => [name, make(name)])));
}

/** The element at an index that is known to exist. @template T @param {readonly T[]} list @param {number} index */
function at(list, index) {
  return /** @type {T} */ (list[index]);
}
