export interface Score {
  /** 2 x pinball loss, averaged over levels, over the sum of |actual|. */
  readonly wql: number;
  /** Mean absolute error of the median over that of "as one day before" on the cells before the first origin. */
  readonly mase: number;
  /** Share of actual values at or below the quantile of each level. */
  readonly coverage: Readonly<Record<string, number>>;
}

/** Quantiles by level, as text, then by step: `{"0.1": [..], "0.5": [..]}`. */
export type QuantileForecast = Readonly<Record<string, readonly number[]>>;

/** Scores forecasts against what came; cells that were not measured do not count. */
export function scoreForecasts(
  values: Float64Array,
  origins: readonly number[],
  forecasts: readonly QuantileForecast[],
  levels: readonly number[],
  dayCells: number,
): Score {
  const covered = levels.map(() => 0);
  let loss = 0;
  let size = 0;
  let error = 0;
  let cells = 0;
  for (const [i, origin] of origins.entries()) {
    const quantiles = levels.map((level) => forecasts[i]?.[String(level)] ?? []);
    const median = forecasts[i]?.['0.5'] ?? [];
    for (let step = 0; step < median.length; step++) {
      const actual = values[origin + step] ?? Number.NaN;
      if (Number.isNaN(actual)) continue;
      cells++;
      size += Math.abs(actual);
      error += Math.abs(actual - (median[step] as number));
      for (const [k, level] of levels.entries()) {
        const miss = actual - (quantiles[k]?.[step] as number);
        loss += (2 * Math.max(level * miss, (level - 1) * miss)) / levels.length;
        if (miss <= 0) covered[k] = (covered[k] as number) + 1;
      }
    }
  }
  const naive = dayBeforeError(values.subarray(0, origins[0] ?? 0), dayCells);
  return {
    wql: loss / Math.max(size, 1e-9),
    mase: cells === 0 ? 0 : error / cells / Math.max(naive, 1e-12),
    coverage: Object.fromEntries(
      levels.map((level, k) => [String(level), (covered[k] as number) / Math.max(1, cells)]),
    ),
  };
}

function dayBeforeError(values: Float64Array, dayCells: number): number {
  let sum = 0;
  let count = 0;
  for (let i = dayCells; i < values.length; i++) {
    const difference = Math.abs((values[i] as number) - (values[i - dayCells] as number));
    if (Number.isNaN(difference)) continue;
    sum += difference;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
