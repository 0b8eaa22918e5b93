import { QuantileTally } from './quantile-tally.ts';

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

/** What one origin adds to a weighted quantile loss: wql = sum of losses / sum of sizes. */
export interface OriginLoss {
  readonly loss: number;
  readonly size: number;
}

/** Scores forecasts against what came; cells that were not measured do not count. */
export function scoreForecasts(
  values: Float64Array,
  origins: readonly number[],
  forecasts: readonly QuantileForecast[],
  levels: readonly number[],
  dayCells: number,
): Score {
  const tally = new QuantileTally(levels);
  let error = 0;
  for (const [i, origin] of origins.entries()) {
    const median = forecasts[i]?.['0.5'] ?? [];
    tallyOrigin(tally, values, origin, forecasts[i], levels, (actual, step) => {
      error += Math.abs(actual - (median[step] as number));
    });
  }
  const naive = dayBeforeError(values.subarray(0, origins[0] ?? 0), dayCells);
  return {
    wql: tally.relative(),
    mase: tally.count === 0 ? 0 : error / tally.count / Math.max(naive, 1e-12),
    coverage: tally.coverage(),
  };
}

/** The losses origin by origin, so that two methods can be compared in pairs. */
export function lossesByOrigin(
  values: Float64Array,
  origins: readonly number[],
  forecasts: readonly QuantileForecast[],
  levels: readonly number[],
): OriginLoss[] {
  return origins.map((origin, i) => {
    const tally = new QuantileTally(levels);
    tallyOrigin(tally, values, origin, forecasts[i], levels, () => {});
    return { loss: tally.loss, size: tally.size };
  });
}

function tallyOrigin(
  tally: QuantileTally,
  values: Float64Array,
  origin: number,
  forecast: QuantileForecast | undefined,
  levels: readonly number[],
  onStep: (actual: number, step: number) => void,
): void {
  const quantiles = levels.map((level) => forecast?.[String(level)] ?? []);
  const steps = quantiles[0]?.length ?? 0;
  for (let step = 0; step < steps; step++) {
    const actual = values[origin + step] ?? Number.NaN;
    if (Number.isNaN(actual)) continue;
    const atStep = quantiles.map((row) => row[step] as number);
    tally.add(actual, atStep);
    onStep(actual, step);
  }
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
