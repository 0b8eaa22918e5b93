/** Cells ahead are judged in this many groups: near and far forecasts have different winners. */
const GROUPS = 4;

/**
 * Weights of the members from their recent errors, one set for each group of cells ahead. A weight falls with the
 * power of the loss, so that a member twice as wrong counts little and one gone astray nothing; slow and fast memory
 * together follow a change of regime without chasing noise.
 */
export class Combination {
  private readonly members: number;
  private readonly horizon: number;
  private readonly slowLoss: Float64Array;
  private readonly fastLoss: Float64Array;
  private readonly weights: Float64Array;
  private readonly slowKeep: number;
  private readonly fastKeep: number;
  private readonly power: number;

  constructor(members: number, horizon: number, dayCells: number, power = 6) {
    this.members = members;
    this.horizon = horizon;
    this.power = power;
    this.slowLoss = new Float64Array(GROUPS * members);
    this.fastLoss = new Float64Array(GROUPS * members);
    this.weights = new Float64Array(GROUPS * members).fill(1 / members);
    const day = Math.max(48, dayCells);
    this.slowKeep = Math.exp(-1 / (5 * day));
    this.fastKeep = Math.exp(-1 / Math.max(12, day / 4));
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
    const perGroup = GROUPS / this.horizon;
    this.slowLoss[k] = (this.slowLoss[k] as number) + (1 - this.slowKeep) * perGroup * error;
    this.fastLoss[k] = (this.fastLoss[k] as number) + (1 - this.fastKeep) * perGroup * error;
  }

  /** Lets one cell pass: old losses fade and the weights follow. */
  settle(): void {
    const { members } = this;
    for (let g = 0; g < GROUPS; g++) {
      let bestSlow = Number.POSITIVE_INFINITY;
      let bestFast = Number.POSITIVE_INFINITY;
      for (let k = g * members; k < (g + 1) * members; k++) {
        bestSlow = Math.min(bestSlow, this.slowLoss[k] as number);
        bestFast = Math.min(bestFast, this.fastLoss[k] as number);
      }
      let sum = 0;
      for (let k = g * members; k < (g + 1) * members; k++) {
        const ratio =
          0.7 * (((this.slowLoss[k] as number) + 1e-12) / (bestSlow + 1e-12)) +
          0.3 * (((this.fastLoss[k] as number) + 1e-12) / (bestFast + 1e-12));
        this.weights[k] = ratio ** -this.power;
        sum += this.weights[k] as number;
      }
      for (let k = g * members; k < (g + 1) * members; k++) this.weights[k] = (this.weights[k] as number) / sum;
    }
    for (let k = 0; k < this.slowLoss.length; k++) {
      this.slowLoss[k] = (this.slowLoss[k] as number) * this.slowKeep;
      this.fastLoss[k] = (this.fastLoss[k] as number) * this.fastKeep;
    }
  }
}
