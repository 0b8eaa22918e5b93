/**
 * The samples of one signal. `timesMs` are epoch milliseconds, strictly increasing; `values` are finite, in the
 * signal's own unit, and as long as `timesMs`. Gaps are absent samples: nothing is ever filled in here.
 */
export interface Series {
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
}

export const EMPTY_SERIES: Series = { timesMs: new Float64Array(0), values: new Float64Array(0) };

/** One after the other; each begins after the one before has ended. */
export function joinSeries(parts: readonly Series[]): Series {
  return {
    timesMs: joined(parts.map(({ timesMs }) => timesMs)),
    values: joined(parts.map(({ values }) => values)),
  };
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Index of the first element of `sorted` that is greater than `x`; `sorted.length` when none is. */
export function upperBound(sorted: Float64Array, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) > x) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The samples with `fromMs < time <= toMs`, as views on the same memory. */
export function sliceSeries(series: Series, fromMs: number, toMs: number): Series {
  const from = upperBound(series.timesMs, fromMs);
  const to = upperBound(series.timesMs, toMs);
  return { timesMs: series.timesMs.subarray(from, to), values: series.values.subarray(from, to) };
}
