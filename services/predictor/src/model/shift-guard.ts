/** Errors in a row that must agree before a shift is believed: half an hour of 5-min cells. */
const AGREEING = 6;
/** A shift misses by this many times the usual error, and always to the same side... */
const SURPRISE = 3;
const ONE_SIDED_MIN = 0.95;
/** ...while the usual shape, moved to the present level, misses by at most this share of that. */
const MOVED_ERROR_MAX = 0.4;
/** What is left of the guard with each cell that no longer asks for it. */
const RELEASE = 0.75;

/**
 * Notices that the load has moved to a level that the models do not believe in (a launch, a failover, a lost
 * customer), and says how far to trust the present level instead. Recent matured errors decide, at one lead for each
 * group of cells ahead; a group whose own errors cannot have matured since follows the nearest one.
 */
export class ShiftGuard {
  private readonly leads: readonly number[];
  private readonly errors: Float64Array[];
  private readonly movedErrors: Float64Array[];
  private readonly usual: Float64Array;
  private readonly shares: Float64Array;
  private readonly learned: Uint32Array;
  private readonly dayCells: number;
  private cellsSinceShift = Number.POSITIVE_INFINITY;

  /** `leads`: the cells ahead at which each group is judged, ascending. */
  constructor(leads: readonly number[], dayCells: number) {
    this.leads = leads;
    this.errors = leads.map(() => new Float64Array(AGREEING));
    this.movedErrors = leads.map(() => new Float64Array(AGREEING));
    this.usual = new Float64Array(leads.length);
    this.shares = new Float64Array(leads.length);
    this.learned = new Uint32Array(leads.length);
    this.dayCells = Math.max(48, dayCells);
  }

  /** Takes in the signed errors of the unguarded forecast and of the moved shape for the newest cell. */
  learn(group: number, error: number, movedError: number): void {
    const learned = (this.learned[group] as number) + 1;
    this.learned[group] = learned;
    (this.errors[group] as Float64Array)[learned % AGREEING] = error;
    (this.movedErrors[group] as Float64Array)[learned % AGREEING] = movedError;
    const usual = this.usual[group] as number;
    const gain = Math.max(1 / learned, 1 / (3 * this.dayCells));
    // Surprises are let in bounded, or the shift itself would become the usual error.
    const bounded = learned > AGREEING ? Math.min(Math.abs(error), 3 * usual) : Math.abs(error);
    this.usual[group] = usual + gain * (bounded - usual);
  }

  /** Lets one cell pass. */
  settle(): void {
    this.cellsSinceShift = this.isShift(0) ? 0 : this.cellsSinceShift + 1;
    for (const [group, lead] of this.leads.entries()) {
      const unknown = this.cellsSinceShift <= lead - (this.leads[0] as number);
      const shifted = this.isShift(group) || unknown;
      this.shares[group] = shifted ? 1 : (this.shares[group] as number) * RELEASE;
    }
  }

  private isShift(group: number): boolean {
    if ((this.learned[group] as number) < 3 * AGREEING) return false;
    let sum = 0;
    let size = 0;
    for (const error of this.errors[group] as Float64Array) {
      sum += error;
      size += Math.abs(error);
    }
    let movedSize = 0;
    for (const error of this.movedErrors[group] as Float64Array) movedSize += Math.abs(error);
    const surprising = size > SURPRISE * AGREEING * (this.usual[group] as number);
    return surprising && Math.abs(sum) > ONE_SIDED_MIN * size && movedSize < MOVED_ERROR_MAX * size;
  }

  /** How much of the moved shape to take instead of the forecast: 0 as long as all is as usual. */
  share(group: number): number {
    const share = this.shares[group] as number;
    return share < 0.02 ? 0 : share;
  }
}
