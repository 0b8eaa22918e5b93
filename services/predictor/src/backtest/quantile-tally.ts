/** Sums up how well quantiles met what came; all levels of one target at a time. */
export class QuantileTally {
  private readonly levels: readonly number[];
  private readonly covered: number[];
  /** 2 x pinball loss, averaged over levels, summed over targets. */
  loss = 0;
  /** Sum of |actual|. */
  size = 0;
  count = 0;

  constructor(levels: readonly number[]) {
    this.levels = levels;
    this.covered = levels.map(() => 0);
  }

  /** `quantiles[k]` is that of `levels[k]`. */
  add(actual: number, quantiles: readonly number[]): void {
    this.count++;
    this.size += Math.abs(actual);
    for (const [k, level] of this.levels.entries()) {
      const miss = actual - (quantiles[k] as number);
      this.loss += (2 * Math.max(level * miss, (level - 1) * miss)) / this.levels.length;
      if (miss <= 0) this.covered[k] = (this.covered[k] as number) + 1;
    }
  }

  /** Loss over size: 0.05 is 5 % of the load. */
  relative(): number {
    return this.loss / Math.max(this.size, 1e-9);
  }

  /** Share of targets at or below the quantile, by level as text. */
  coverage(): Record<string, number> {
    const share = (k: number) => (this.covered[k] as number) / Math.max(1, this.count);
    return Object.fromEntries(this.levels.map((level, k) => [String(level), share(k)]));
  }
}
