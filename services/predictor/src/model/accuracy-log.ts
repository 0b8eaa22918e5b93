import type { ForecastAccuracy } from '@forescale/shared/domain';

const HOUR_MS = 3_600_000;
const HOURS = 24;

interface Tally {
  hour: number;
  loss: number;
  size: number;
  error: number;
  naiveError: number;
  covered90: number;
  covered99: number;
  count: number;
}

/** How good forecasts were over the last day, kept as one tally for each hour. */
export class AccuracyLog {
  private readonly tallies: Tally[] = Array.from({ length: HOURS }, () => emptyTally(-1));

  /** One matured step: what came, its quantiles at `levels`, and by how much "as a day before" usually misses. */
  add(
    timeMs: number,
    actual: number,
    levels: readonly number[],
    quantiles: readonly number[],
    naiveError: number,
  ): void {
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
    tally.naiveError += naiveError;
    tally.count++;
  }

  /** Over the day before `nowMs`; null when nothing has matured in it. */
  summary(nowMs: number): ForecastAccuracy | null {
    const oldest = Math.floor(nowMs / HOUR_MS) - HOURS;
    const total = emptyTally(0);
    for (const tally of this.tallies) {
      if (tally.hour <= oldest) continue;
      total.loss += tally.loss;
      total.size += tally.size;
      total.error += tally.error;
      total.naiveError += tally.naiveError;
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
    };
  }
}

function emptyTally(hour: number): Tally {
  return { hour, loss: 0, size: 0, error: 0, naiveError: 0, covered90: 0, covered99: 0, count: 0 };
}
