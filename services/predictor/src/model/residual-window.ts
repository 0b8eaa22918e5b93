import { probit } from 'simple-statistics';

/** Assumed residuals, as quantiles of a normal distribution with twice the spread that a good scale leaves. */
const ASSUMED = 16;
const ASSUMED_SPREAD = 2.5;

/** The newest residuals, kept in order of size too, so that an empirical quantile costs nothing. */
export class ResidualWindow {
  private readonly ring: Float32Array;
  private readonly sorted: Float32Array;
  private next = 0;
  size = 0;

  /** Starts with a few assumed residuals, wide ones, so that a short history gives wide bands. */
  constructor(capacity: number) {
    this.ring = new Float32Array(capacity);
    this.sorted = new Float32Array(capacity);
    for (let i = 0; i < ASSUMED; i++) this.add(ASSUMED_SPREAD * probit((i + 0.5) / ASSUMED));
  }

  add(value: number): void {
    const residual = Math.fround(value);
    if (this.size === this.ring.length) this.remove(this.ring[this.next] as number);
    this.ring[this.next] = residual;
    this.next = (this.next + 1) % this.ring.length;
    const at = this.rank(residual);
    this.sorted.copyWithin(at + 1, at, this.size);
    this.sorted[at] = residual;
    this.size++;
  }

  /**
   * The conformal quantile: of n residuals the value at rank (n + 1) x level, so that a new one lies at or below it
   * with that probability. Beyond the last rank the tail goes on as an exponential one, fitted to the outer tenth:
   * q(p) = q(.9) + slope x ln(0.1 / (1 - p)); mirrored below.
   */
  quantile(level: number): number {
    const { size } = this;
    if (size === 0) return 0;
    const rank = (size + 1) * level - 1;
    if (rank > size - 1) return this.tail(level, 1);
    if (rank < 0) return this.tail(1 - level, -1);
    const low = Math.floor(rank);
    const from = this.sorted[low] as number;
    return low + 1 < size ? from + (rank - low) * ((this.sorted[low + 1] as number) - from) : from;
  }

  private tail(level: number, side: 1 | -1): number {
    const { size, sorted } = this;
    const count = Math.max(1, Math.floor(size / 10));
    const pick = (k: number) => sorted[side === 1 ? size - 1 - k : k] as number;
    const edge = pick(count);
    let excess = 0;
    for (let k = 0; k < count; k++) excess += Math.abs(pick(k) - edge);
    const share = (count + 0.5) / (size + 1);
    const beyond = (excess / count) * Math.max(0, Math.log(share / (1 - level)));
    const outer = edge + side * beyond;
    return side === 1 ? Math.max(outer, pick(0)) : Math.min(outer, pick(0));
  }

  private remove(residual: number): void {
    const at = this.rank(residual);
    this.sorted.copyWithin(at, at + 1, this.size);
    this.size--;
  }

  /** Number of residuals that are smaller. */
  private rank(residual: number): number {
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sorted[middle] as number) < residual) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
