import type { Series } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import { sliceCells } from '../model/cells.ts';
import { type Cells, cellsOf } from '../model/index.ts';
import type { SeriesConfig } from './series-shape.ts';
import { SignalHistory } from './signal-history.ts';

/** The cells of a signal's history up to `nowMs`, the newest `cellsMax` of them, as the store has them now. */
export async function readCells(store: Store, series: SeriesConfig, nowMs: number): Promise<Cells> {
  const { pool, signal, shape } = series;
  const { stepMs, cellsMax } = shape;
  // Older samples would only be cut off again.
  const fromMs = Math.max(nowMs - pool.forecast.historyMs, nowMs - (cellsMax + 1) * stepMs);
  const history = new SignalHistory(store, pool.name, signal, fromMs);
  const pages: Series[] = [];
  while (history.hasMore) pages.push(await history.next(nowMs));
  const cells = cellsOf(joined(pages), stepMs);
  return sliceCells(cells, Math.max(0, cells.means.length - cellsMax), cells.means.length);
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
