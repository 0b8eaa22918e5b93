import type { ForecastAccuracy } from '@forescale/shared/domain';

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** No node is won or lost over a smaller share of the load; where it hardly moves, chance would decide who is better. */
const NO_REPROACH = 0.01;

/** One matured step. */
export interface MaturedStep {
  readonly timeMs: number;
  readonly actual: number;
  /** What was forecast for it, at the log's levels. */
  readonly quantiles: readonly number[];
  /** What the seasonal-naive member said of it at the same moment. */
  readonly seasonalNaive: number;
  /** By how much "as a day before" has missed over the whole history. */
  readonly usualNaiveError: number;
}

interface Tally {
  hour: number;
  loss: number;
  size: number;
  error: number;
  naiveError: number;
  seasonalError: number;
  covered90: number;
  covered99: number;
  count: number;
}

/** How good forecasts were over the last day, kept as one tally for each hour. */
export class AccuracyLog {
  private readonly levels: readonly number[];
  private readonly tallies: Tally[] = Array.from({ length: HOURS }, () => emptyTally(-1));

  constructor(levels: readonly number[]) {
    this.levels = levels;
  }

  add({ timeMs, actual, quantiles, seasonalNaive, usualNaiveError }: MaturedStep): void {
    const { levels } = this;
    const hour = Math.floor(timeMs / HOUR_MS);
    const slot = hour % HOURS;
    if (this.tallies[slot]?.hour !== hour) this.tallies[slot] = emptyTally(hour);
    const tally = this.tallies[slot] as Tally;
    for (const [k, level] of levels.entries()) {
      const miss = actual - (quantiles[k] as number);
      tally.loss += (2 * Math.max(level * miss, (level - 1) * miss)) / levels.length;
      if (level === 0.5) tally.error += Math.abs(miss);
      if (level === 0.9 && miss <= 0) tally.covered90++;
      if (level === 0.99 && miss <= 0) tally.covered99++;
    }
    tally.size += Math.abs(actual);
    tally.naiveError += usualNaiveError;
    tally.seasonalError += Math.abs(actual - seasonalNaive);
    tally.count++;
  }

  /** Over the day before `nowMs`, with forecasts every `tickMs`; null when nothing has matured in it. */
  summary(nowMs: number, tickMs: number): ForecastAccuracy | null {
    const oldest = Math.floor(nowMs / HOUR_MS) - HOURS;
    const total = emptyTally(0);
    let tallies = 0;
    for (const tally of this.tallies) {
      if (tally.hour <= oldest || tally.count === 0) continue;
      tallies++;
      total.loss += tally.loss;
      total.size += tally.size;
      total.error += tally.error;
      total.naiveError += tally.naiveError;
      total.seasonalError += tally.seasonalError;
      total.covered90 += tally.covered90;
      total.covered99 += tally.covered99;
      total.count += tally.count;
    }
    if (total.count === 0) return null;
    return {
      wql: total.loss / Math.max(total.size, 1e-9),
      mase: total.error / Math.max(total.naiveError, 1e-9),
      coverage90: total.covered90 / total.count,
      coverage99: total.covered99 / total.count,
      relativeError: total.error / Math.max(total.seasonalError, NO_REPROACH * total.size, 1e-9),
      // Of a series that is measured every 6 hours, four tallies are a day.
      hours: Math.min(HOURS, Math.round(tallies * Math.max(1, tickMs / HOUR_MS))),
    };
  }
}

function emptyTally(hour: number): Tally {
  return { hour, loss: 0, size: 0, error: 0, naiveError: 0, seasonalError: 0, covered90: 0, covered99: 0, count: 0 };
}
