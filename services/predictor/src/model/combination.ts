/** Cells ahead are judged in this many groups: near and far forecasts have different winners. */
const GROUPS = 4;
/** How sharply a weight falls with the loss: a member 12 % worse than the best gets half of its weight. */
const POWER = 6;
/** Old losses are shrunk to this share when a member joins, so that all are judged over about the same time. */
const KEPT_ON_JOINING = 0.05;

/**
 * Weights of the members from their recent errors, one set for each group of cells ahead. A weight falls with the
 * power of the loss, so that a member twice as wrong counts little and one gone astray nothing; slow and fast memory
 * together follow a change of regime without chasing noise. A member that has not been judged yet has no weight.
 */
export class Combination {
  private readonly members: number;
  private readonly horizon: number;
  private readonly slow: Losses;
  private readonly fast: Losses;
  private readonly weights: Float64Array;
  private readonly judgedMin: number;

  constructor(members: number, horizon: number, dayCells: number) {
    this.members = members;
    this.horizon = horizon;
    const day = Math.max(48, dayCells);
    this.slow = new Losses(GROUPS * members, 5 * day);
    this.fast = new Losses(GROUPS * members, Math.max(12, day / 4));
    this.weights = new Float64Array(GROUPS * members).fill(1 / members);
    this.judgedMin = Math.max(12, day / 8);
  }

  group(ahead: number): number {
    return Math.min(GROUPS - 1, Math.floor(((ahead - 1) * GROUPS) / this.horizon));
  }

  weight(member: number, ahead: number): number {
    return this.weights[this.group(ahead) * this.members + member] as number;
  }

  /** Takes in the absolute error of one member for one matured cell. */
  learn(member: number, ahead: number, error: number): void {
    const k = this.group(ahead) * this.members + member;
    const share = GROUPS / this.horizon;
    this.slow.add(k, error, share);
    this.fast.add(k, error, share);
  }

  /** A member is about to be judged for the first time while others were before. */
  join(): void {
    this.slow.shrink(KEPT_ON_JOINING);
  }

  /** Lets one cell pass: old losses fade and the weights follow. */
  settle(): void {
    const { members, weights, slow, fast } = this;
    for (let g = 0; g < GROUPS; g++) {
      const from = g * members;
      const bestSlow = slow.best(from, members);
      const bestFast = fast.best(from, members);
      let most = 0;
      for (let k = from; k < from + members; k++) most = Math.max(most, slow.mass(k));
      let sum = 0;
      for (let k = from; k < from + members; k++) {
        const ratio =
          (0.7 * (slow.mean(k) + 1e-12)) / (bestSlow + 1e-12) + (0.3 * (fast.mean(k) + 1e-12)) / (bestFast + 1e-12);
        weights[k] = slow.mass(k) < Math.min(most, this.judgedMin) ? 0 : ratio ** -POWER;
        sum += weights[k] as number;
      }
      for (let k = from; k < from + members; k++) weights[k] = sum > 0 ? (weights[k] as number) / sum : 1 / members;
    }
    slow.fade();
    fast.fade();
  }
}

/** Mean losses under exponential forgetting. */
class Losses {
  private readonly sums: Float64Array;
  private readonly masses: Float64Array;
  private readonly keep: number;

  constructor(size: number, memoryCells: number) {
    this.sums = new Float64Array(size);
    this.masses = new Float64Array(size);
    this.keep = Math.exp(-1 / memoryCells);
  }

  add(k: number, loss: number, share: number): void {
    this.sums[k] = (this.sums[k] as number) + share * loss;
    this.masses[k] = (this.masses[k] as number) + share;
  }

  mass(k: number): number {
    return this.masses[k] as number;
  }

  mean(k: number): number {
    const mass = this.masses[k] as number;
    return mass > 0 ? (this.sums[k] as number) / mass : 0;
  }

  best(from: number, count: number): number {
    let best = Number.POSITIVE_INFINITY;
    for (let k = from; k < from + count; k++) if (this.mass(k) > 0) best = Math.min(best, this.mean(k));
    return Number.isFinite(best) ? best : 0;
  }

  shrink(factor: number): void {
    for (let k = 0; k < this.sums.length; k++) {
      this.sums[k] = (this.sums[k] as number) * factor;
      this.masses[k] = (this.masses[k] as number) * factor;
    }
  }

  fade(): void {
    this.shrink(this.keep);
  }
}
