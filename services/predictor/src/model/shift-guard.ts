import type { Cycles } from './tape.ts';

/** Errors in a row that must agree before a shift is believed: half an hour of 5-min cells. */
const AGREEING = 6;
/** A shift misses by this many times the usual error, and always to the same side... */
const SURPRISE = 3;
const ONE_SIDED_MIN = 0.95;
/** ...while the usual shape, moved to the present level, misses by at most this share of that. */
const MOVED_ERROR_MAX = 0.4;
/** Further ahead the shift must be larger, and its size known: the smallest of the errors at least this share of all. */
const SURPRISE_AHEAD = 6;
const SMALLEST_SHARE_MIN = 0.6;
/** Newest cells over which the moved shape must have been right, one cell ahead, to be believed further ahead... */
const SETTLED = 3;
/** ...by this share of what forecasts from before the shift missed by. */
const SETTLED_ERROR_MAX = 0.25;
/** What is left of a claim that a shift would last, with each later one of its group. */
const CLAIM_KEPT = 1 - 1 / 200;
/** What is left of the guard with each cell that no longer asks for it. */
const RELEASE = 0.75;

/**
 * Notices that the load has moved to a level that the models do not believe in (a launch, a failover, a lost
 * customer), and says how far to trust the present level instead. Recent matured errors decide, at one lead for each
 * group of cells ahead. Errors of forecasts an hour ahead that were made since are known only after that hour; until
 * then the shift is told by what forecasts from before it missed by, and by the moved shape being right since.
 */
export class ShiftGuard {
  private readonly leads: readonly number[];
  private readonly errors: Float64Array[];
  private readonly movedErrors: Float64Array[];
  private readonly usual: Float64Array;
  private readonly shares: Float64Array;
  private readonly learned: Uint32Array;
  private readonly dayCells: number;
  /** Six cells of an hour each are no shift but a bad morning: only what has cells within the hour is told early. */
  private readonly looksAhead: boolean;
  private readonly nearest = new Float64Array(SETTLED);
  private nearestLearned = 0;
  /** 0 when there was none, or it is over. */
  private cellsSinceShift = 0;
  /** Which groups took a shift to last at the newest cells, a bit each; and what came of it, by group. */
  private readonly claims: Uint32Array;
  private readonly claimedErrors: Float64Array;
  private readonly unclaimedErrors: Float64Array;
  private newest = -1;

  /** `leads`: the cells ahead at which each group is judged, ascending. */
  constructor(leads: readonly number[], cycles: Cycles) {
    this.leads = leads;
    this.errors = leads.map(() => new Float64Array(AGREEING));
    this.movedErrors = leads.map(() => new Float64Array(AGREEING));
    this.usual = new Float64Array(leads.length);
    this.shares = new Float64Array(leads.length);
    this.learned = new Uint32Array(leads.length);
    this.dayCells = Math.max(48, cycles.day);
    this.looksAhead = cycles.hour > 0;
    this.claims = new Uint32Array(1 + Math.max(...leads));
    this.claimedErrors = new Float64Array(leads.length);
    this.unclaimedErrors = new Float64Array(leads.length);
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
    this.judge(group, Math.abs(error), Math.abs(movedError));
  }

  /** Where bursts pass as they came, taking them for shifts does harm: then it is left be. */
  private judge(group: number, error: number, movedError: number): void {
    const origin = this.newest + 1 - (this.leads[group] as number);
    if (origin < 0 || ((this.claims[origin % this.claims.length] as number) & (1 << group)) === 0) return;
    this.claimedErrors[group] = CLAIM_KEPT * (this.claimedErrors[group] as number) + movedError;
    this.unclaimedErrors[group] = CLAIM_KEPT * (this.unclaimedErrors[group] as number) + error;
  }

  /** Takes in by how much the moved shape missed the newest cell one cell ahead. */
  learnNearest(movedError: number): void {
    this.nearest[this.nearestLearned++ % SETTLED] = Math.abs(movedError);
  }

  /** Lets one cell pass. */
  settle(): void {
    this.cellsSinceShift = this.hasSettled() ? Math.max(AGREEING, this.cellsSinceShift + 1) : 0;
    this.newest++;
    let claims = 0;
    for (const [group, lead] of this.leads.entries()) {
      const unknown = this.cellsSinceShift > 0 && this.cellsSinceShift < lead + AGREEING;
      if (unknown) claims |= 1 << group;
      const trusted = (this.claimedErrors[group] as number) <= (this.unclaimedErrors[group] as number);
      const shifted = this.isShift(group) || (unknown && trusted);
      this.shares[group] = shifted ? 1 : (this.shares[group] as number) * RELEASE;
    }
    this.claims[this.newest % this.claims.length] = claims;
  }

  /** Whether forecasts from before (of the farthest group) missed all the newest cells, but the moved shape does not. */
  private hasSettled(): boolean {
    if (!this.looksAhead || this.nearestLearned < SETTLED) return false;
    const group = this.leads.length - 1;
    const missed = this.surprise(group) / AGREEING;
    const steady = Math.min(...(this.errors[group] as Float64Array).map(Math.abs)) > SMALLEST_SHARE_MIN * missed;
    if (!steady || missed < SURPRISE_AHEAD * (this.usual[group] as number)) return false;
    let near = 0;
    for (const error of this.nearest) near += error / SETTLED;
    return missed > 0 && near < SETTLED_ERROR_MAX * missed;
  }

  private isShift(group: number): boolean {
    const missed = this.surprise(group);
    let moved = 0;
    for (const error of this.movedErrors[group] as Float64Array) moved += Math.abs(error);
    return missed > 0 && moved < MOVED_ERROR_MAX * missed;
  }

  /** Sum of the newest errors of a group where they are far beyond the usual and all to one side; else 0. */
  private surprise(group: number): number {
    if ((this.learned[group] as number) < 3 * AGREEING) return 0;
    let sum = 0;
    let size = 0;
    for (const error of this.errors[group] as Float64Array) {
      sum += error;
      size += Math.abs(error);
    }
    const surprising = size > SURPRISE * AGREEING * (this.usual[group] as number);
    return surprising && Math.abs(sum) > ONE_SIDED_MIN * size ? size : 0;
  }

  /** How much of the moved shape to take instead of the forecast: 0 as long as all is as usual. */
  share(group: number): number {
    const share = this.shares[group] as number;
    return share < 0.02 ? 0 : share;
  }
}
