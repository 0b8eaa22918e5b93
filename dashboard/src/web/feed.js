// @ts-check
/** @import { ForecastDocument, HistoryDocument, PlanDocument, Pool, PoolsDocument, Signal, SignalForecast, SourcesDocument } from './documents.ts' */
/** @import { History } from './history.js' */
import { appendAfter, mergeTail, toHistory } from './history.js';

/** One cell a minute for a day, which keeps the drawing and the transfer (about 150 kB, once) light. */
const POINTS_MAX = 1440;
const CELL_S_MIN = 60;
/** How far back "all" looks for the first sample. */
const ALL_S_MAX = 90 * 86_400;
const RECENT_S = 900;
const DECISIONS = 9;
/** Cells that may still change: a sample can be a little late. */
const TAIL_CELLS = 3;

/**
 * What the reader chose; null: the first. `rangeS` null: all there is.
 * @typedef {{ pool: string | null, signal: string | null, rangeS: number | null }} Selection
 *
 * One consistent answer of the service.
 * @typedef {{ nowS: number, pools: readonly Pool[], pool: Pool | null, signal: Signal | null, rangeS: number,
 *   history: History | null, forecast: SignalForecast | null, plan: PlanDocument | null, sources: SourcesDocument | null }} Snapshot
 *
 * @typedef {{ pools(): Promise<PoolsDocument>, sources(): Promise<SourcesDocument>, forecast(pool: string): Promise<ForecastDocument>,
 *   plan(pool: string, decisions: number): Promise<PlanDocument>,
 *   history(query: { pool: string, signal: string, fromS: number, toS: number, points: number }): Promise<HistoryDocument> }} Api
 */

/**
 * Reads the service: the whole history when something else is chosen, after that only its newest cells.
 * @param {Api} api
 */
export function createFeed(api) {
  /** @type {{ key: string, nowS: number, sinceS: number, history: History } | null} */
  let known = null;

  /** Rejects with what `api` rejects with; the next call then begins where this one did. @param {Selection} selection @returns {Promise<Snapshot>} */
  async function read(selection) {
    const { now, pools } = await api.pools();
    const nowS = Date.parse(now) / 1000;
    const pool = pools.find(({ name }) => name === selection.pool) ?? pools[0] ?? null;
    const signal = pool?.signals.find(({ name }) => name === selection.signal) ?? pool?.signals[0] ?? null;
    const nothing = { history: null, forecast: null, plan: null, sources: null, rangeS: selection.rangeS ?? 86_400 };
    if (!pool) return { nowS, pools, pool, signal, ...nothing };
    const [past, recent, forecasts, plan, sources] = await Promise.all([
      signal ? readPast(pool.name, signal.name, selection.rangeS, nowS) : null,
      signal && isCoarse(selection.rangeS) ? readRecent(pool.name, signal.name, nowS) : null,
      api.forecast(pool.name),
      api.plan(pool.name, DECISIONS),
      // Heard over the bus: while that is away all else can be shown.
      api.sources().catch(() => null),
    ]);
    known = past;
    const forecast = forecasts.forecasts.find((one) => one.signal === signal?.name) ?? null;
    const rangeS = past ? nowS - past.sinceS : nothing.rangeS;
    const history = past && recent ? appendAfter(past.history, recent) : (past?.history ?? null);
    return { nowS, pools, pool, signal, rangeS, history, forecast, plan, sources };
  }

  /** The last minutes at their finest, for cells of a long range are closed only when they are full. @param {string} pool @param {string} signal @param {number} nowS */
  async function readRecent(pool, signal, nowS) {
    const fromS = nowS - RECENT_S;
    return toHistory(await api.history({ pool, signal, fromS, toS: nowS, points: RECENT_S / CELL_S_MIN }));
  }

  /** @param {string} pool @param {string} signal @param {number | null} rangeS @param {number} nowS */
  async function readPast(pool, signal, rangeS, nowS) {
    const key = JSON.stringify([pool, signal, rangeS]);
    if (known?.key !== key || !continues(known, nowS)) return readWhole(key, pool, signal, rangeS, nowS);
    const { history } = known;
    const { stepS } = history;
    const sinceS = rangeS === null ? known.sinceS : nowS - rangeS;
    // A span of whole cells, from a multiple of the cell, is answered in just those cells.
    const toS = Math.floor(nowS / stepS) * stepS;
    const fromS = Math.min(toS, history.timesS.at(-1) ?? toS) - TAIL_CELLS * stepS;
    const points = Math.round((toS - fromS) / stepS);
    const tail = toHistory(await api.history({ pool, signal, fromS, toS, points }));
    return { key, nowS, sinceS, history: mergeTail(history, tail, sinceS) };
  }

  /** @param {string} key @param {string} pool @param {string} signal @param {number | null} rangeS @param {number} nowS */
  async function readWhole(key, pool, signal, rangeS, nowS) {
    /** @param {number} sinceS */
    const readSince = async (sinceS) => {
      const points = Math.max(2, Math.min(POINTS_MAX, Math.ceil((nowS - sinceS) / CELL_S_MIN)));
      return toHistory(await api.history({ pool, signal, fromS: sinceS, toS: nowS, points }));
    };
    let sinceS = nowS - (rangeS ?? ALL_S_MAX);
    let history = await readSince(sinceS);
    if (rangeS === null) {
      const first = history.columns.load.findIndex((value) => value !== null);
      sinceS = Math.min(nowS - 3600, (history.timesS[first] ?? nowS) - history.stepS);
      history = await readSince(sinceS);
    }
    return { key, nowS, sinceS, history };
  }

  return { read };
}

/** Whether the cells of a range are wider than the finest. @param {number | null} rangeS */
function isCoarse(rangeS) {
  return rangeS === null || rangeS > POINTS_MAX * CELL_S_MIN;
}

/** Whether what is known can be carried on: time went on, not far, and the cells have not become too many. @param {{ nowS: number, sinceS: number, history: History }} known @param {number} nowS */
function continues(known, nowS) {
  const missedS = nowS - known.nowS;
  const { timesS } = known.history;
  return missedS >= 0 && missedS < (nowS - known.sinceS) / 2 && timesS.length > 0 && timesS.length < 2 * POINTS_MAX;
}
