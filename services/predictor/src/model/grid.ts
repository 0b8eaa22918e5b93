import type { Series } from '@forescale/shared/domain';

/**
 * Values at a fixed step: cell i covers [startMs + i * stepMs, startMs + (i + 1) * stepMs) and `values[i]` is the mean
 * of its samples, NaN where it has none. `startMs` is a multiple of `stepMs`: cells are aligned to the epoch.
 */
export interface Grid {
  readonly stepMs: number;
  readonly startMs: number;
  readonly values: Float64Array;
}

/** More cells than this are refused: 4 years of 1-min samples. */
const CELLS_MAX = 2_200_000;

export class GridTooLongError extends Error {
  override readonly name = 'GridTooLongError';
  readonly cells: number;

  constructor(cells: number) {
    super(`${cells} cells of the grid; at most ${CELLS_MAX} are allowed`);
    this.cells = cells;
  }
}

/** The samples as means of cells of `stepMs`; cell = floor(time / stepMs). An empty series gives an empty grid. */
export function gridOf(series: Series, stepMs: number): Grid {
  const count = series.timesMs.length;
  if (count === 0) return { stepMs, startMs: 0, values: new Float64Array(0) };
  const first = Math.floor((series.timesMs[0] as number) / stepMs);
  const cells = Math.floor((series.timesMs[count - 1] as number) / stepMs) - first + 1;
  if (cells > CELLS_MAX) throw new GridTooLongError(cells);
  const values = new Float64Array(cells);
  const samples = new Uint32Array(cells);
  for (let i = 0; i < count; i++) {
    const cell = Math.floor((series.timesMs[i] as number) / stepMs) - first;
    values[cell] = (values[cell] as number) + (series.values[i] as number);
    samples[cell] = (samples[cell] as number) + 1;
  }
  for (let i = 0; i < cells; i++)
    values[i] = samples[i] === 0 ? Number.NaN : (values[i] as number) / (samples[i] as number);
  return { stepMs, startMs: first * stepMs, values };
}

/** The usual distance between samples: the median of the first 5,000 differences; 0 with fewer than two samples. */
export function usualStepMs(series: Series): number {
  const count = Math.min(series.timesMs.length, 5_000);
  if (count < 2) return 0;
  const steps = new Float64Array(count - 1);
  for (let i = 1; i < count; i++) steps[i - 1] = (series.timesMs[i] as number) - (series.timesMs[i - 1] as number);
  steps.sort();
  return Math.trunc(((steps[(count - 1) >> 1] as number) + (steps[(count - 2) >> 1] as number)) / 2);
}
