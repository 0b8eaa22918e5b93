import { calendarOf } from '@forescale/shared/config';
import type { Series } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import { sliceCells } from '../model/cells.ts';
import { cellsOf, type TrainingSeries } from '../model/index.ts';
import type { SeriesConfig } from './series-shape.ts';
import { SignalHistory } from './signal-history.ts';

/** A signal's history up to `nowMs`, the newest `cellsMax` cells of it, as the store has it now. */
export async function readHistory(store: Store, series: SeriesConfig, nowMs: number): Promise<TrainingSeries> {
  const { pool, signal, shape } = series;
  const { stepMs, cellsMax, horizon } = shape;
  // Older samples would only be cut off again.
  const fromMs = Math.max(nowMs - pool.forecast.historyMs, nowMs - (cellsMax + 1) * stepMs);
  const history = new SignalHistory(store, pool.name, signal, fromMs);
  const pages: Series[] = [];
  while (history.hasMore) pages.push(await history.next(nowMs));
  const all = cellsOf(joined(pages), stepMs);
  const cells = sliceCells(all, Math.max(0, all.means.length - cellsMax), all.means.length);
  const { calendar, timezone } = pool.forecast;
  const firstMs = cells.means.length > 0 ? cells.firstCell * stepMs : nowMs;
  return { cells, horizon, calendar: calendarOf(calendar, timezone, firstMs) };
}

function joined(pages: readonly Series[]): Series {
  const length = pages.reduce((sum, page) => sum + page.timesMs.length, 0);
  const timesMs = new Float64Array(length);
  const values = new Float64Array(length);
  let at = 0;
  for (const page of pages) {
    timesMs.set(page.timesMs, at);
    values.set(page.values, at);
    at += page.timesMs.length;
  }
  return { timesMs, values };
}
