import type { Series } from '@forescale/shared/domain';
import { gridOf } from './grid.ts';

/**
 * A series in cells of `stepMs`: `means[i]` of the samples in cell `firstCell + i` (NaN where it has none) and the
 * last of them, `latest[i]`. Cells are aligned to the epoch: cell = floor(time / stepMs).
 */
export interface Cells {
  readonly stepMs: number;
  readonly firstCell: number;
  readonly means: Float64Array;
  readonly latest: Float64Array;
}

export function cellsOf(series: Series, stepMs: number): Cells {
  const grid = gridOf(series, stepMs);
  const firstCell = grid.startMs / stepMs;
  const latest = new Float64Array(grid.values.length).fill(Number.NaN);
  for (let i = 0; i < series.timesMs.length; i++) {
    latest[Math.floor((series.timesMs[i] as number) / stepMs) - firstCell] = series.values[i] as number;
  }
  return { stepMs, firstCell, means: grid.values, latest };
}

/** The cells [from, to), as views on the same memory. */
export function sliceCells(cells: Cells, from: number, to: number): Cells {
  return {
    stepMs: cells.stepMs,
    firstCell: cells.firstCell + from,
    means: cells.means.subarray(from, to),
    latest: cells.latest.subarray(from, to),
  };
}
