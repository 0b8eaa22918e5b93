import { Combination } from './combination.ts';
import { ErrorScale, SCALE_ROW } from './error-scale.ts';
import type { EventLifts } from './event-lifts.ts';
import type { StreamingMember } from './member.ts';
import { MovedShape } from './moved-shape.ts';
import { ResidualWindow } from './residual-window.ts';
import { ShiftGuard } from './shift-guard.ts';
import type { Tape } from './tape.ts';

const GROUPS = 4;
const POOLED_RESIDUALS = 4_000;

/**
 * Members, combined and calibrated, fed cell by cell. After each cell every member forecasts; when cells mature, what
 * was forecast for them teaches the weights, the expected size of errors and the quantiles of what remains. All of it
 * is honest: nothing is judged on cells that it was made from.
 */
export class Ensemble {
  readonly members: readonly StreamingMember[];
  readonly horizon: number;
  readonly tape: Tape;
  private readonly lifts: EventLifts | null;
  private readonly combination: Combination;
  private readonly scale: ErrorScale;
  private readonly guard: ShiftGuard;
  private readonly guardLeads: readonly number[];
  /** What the guard falls back on; null where members are judged alone. */
  private readonly fallback: StreamingMember | null;
  /** Index of the member to compare with; -1: not among them. */
  private readonly naive: number;
  private readonly windows: ResidualWindow[];
  /** By slot of the origin: [slot][member][ahead], then combined medians and scales [slot][ahead]. */
  private readonly points: Float64Array;
  private readonly fallbackPoints: Float64Array;
  private readonly unguarded: Float64Array;
  private readonly medians: Float64Array;
  private readonly scales: Float64Array;
  private readonly scaleRows: Float64Array;
  private readonly out: Float64Array;
  private readonly refitEvery: number;

  /** `lifts`: for a series with dated events; the tape and all that is learned from it are then without them. */
  constructor(tape: Tape, horizon: number, members: readonly StreamingMember[], lifts: EventLifts | null) {
    this.tape = tape;
    this.lifts = lifts;
    this.horizon = horizon;
    this.members = members;
    this.combination = new Combination(members.length, horizon, tape.cycles.day);
    this.scale = new ErrorScale(
      tape,
      Array.from({ length: horizon }, (_, i) => i + 1),
    );
    this.windows = Array.from({ length: GROUPS }, () => new ResidualWindow(POOLED_RESIDUALS));
    this.points = new Float64Array(horizon * members.length * horizon);
    this.guardLeads = Array.from({ length: GROUPS }, (_, g) => Math.max(1, Math.round(((g + 1) * horizon) / GROUPS)));
    this.fallback = members.length > 1 ? new MovedShape(tape, true) : null;
    this.fallbackPoints = new Float64Array(horizon * horizon);
    this.naive = members.findIndex(({ name }) => name === 'seasonal-naive');
    this.guard = new ShiftGuard(this.guardLeads, tape.cycles);
    this.unguarded = new Float64Array(horizon * horizon);
    this.medians = new Float64Array(horizon * horizon);
    this.scales = new Float64Array(horizon * horizon);
    this.scaleRows = new Float64Array(horizon * horizon * SCALE_ROW);
    this.out = new Float64Array(horizon);
    this.refitEvery = Math.max(6, Math.round(tape.cycles.day / 24));
  }

  /** Takes the next cell: its mean, NaN when it has no sample, and its last raw sample. */
  push(value: number, latest = value): void {
    const { tape, horizon } = this;
    if (this.lifts) this.lifts.push(value, latest);
    else tape.push(value, latest);
    const now = tape.length - 1;
    if (tape.isMeasured(now)) {
      for (let ahead = 1; ahead <= Math.min(horizon, now); ahead++) this.mature(now, ahead);
    }
    this.combination.settle();
    this.guard.settle();
    for (const member of this.members) {
      member.learn();
      if (now > 0 && member.unseenFrom === now) this.combination.join();
    }
    this.fallback?.learn();
    if (now % this.refitEvery === 0) this.scale.refit();
    this.predict(now);
  }

  private mature(now: number, ahead: number): void {
    const { tape, horizon, members } = this;
    const origin = now - ahead;
    if (!tape.isMeasured(origin)) return;
    const slot = origin % horizon;
    const actual = tape.at(now);
    for (let m = 0; m < members.length; m++) {
      if (origin < ((members[m] as StreamingMember).unseenFrom ?? 0)) continue;
      const point = this.points[(slot * members.length + m) * horizon + ahead - 1] as number;
      this.combination.learn(m, ahead, Math.abs(actual - point));
    }
    const error = actual - (this.medians[slot * horizon + ahead - 1] as number);
    const scale = this.scales[slot * horizon + ahead - 1] as number;
    if (this.fallback) this.learnGuard(slot, ahead, actual);
    (this.windows[this.combination.group(ahead)] as ResidualWindow).add(Math.max(-1e6, Math.min(1e6, error / scale)));
    this.scale.learn(ahead - 1, Math.abs(error), this.scaleRows, (slot * horizon + ahead - 1) * SCALE_ROW);
  }

  private learnGuard(slot: number, ahead: number, actual: number): void {
    const moved = this.fallbackPoints[slot * this.horizon + ahead - 1] as number;
    if (ahead === 1) this.guard.learnNearest(actual - moved);
    const group = this.guardLeads.indexOf(ahead);
    if (group < 0) return;
    const error = actual - (this.unguarded[slot * this.horizon + ahead - 1] as number);
    this.guard.learn(group, error, actual - moved);
  }

  private predict(now: number): void {
    const { horizon, members, points } = this;
    const slot = now % horizon;
    for (let m = 0; m < members.length; m++) {
      this.ask(members[m] as StreamingMember, points, (slot * members.length + m) * horizon);
    }
    if (this.fallback) this.ask(this.fallback, this.fallbackPoints, slot * horizon);
    for (let ahead = 1; ahead <= horizon; ahead++) {
      let median = 0;
      for (let m = 0; m < members.length; m++) {
        median +=
          this.combination.weight(m, ahead) * (points[(slot * members.length + m) * horizon + ahead - 1] as number);
      }
      let disagreement = 0;
      for (let m = 0; m < members.length; m++) {
        const point = points[(slot * members.length + m) * horizon + ahead - 1] as number;
        disagreement += this.combination.weight(m, ahead) * Math.abs(point - median);
      }
      const k = slot * horizon + ahead - 1;
      const share = this.fallback ? this.guard.share(this.combination.group(ahead)) : 0;
      const moved = this.fallbackPoints[k] as number;
      const guarded = share > 0 ? median + share * (moved - median) : median;
      this.unguarded[k] = median;
      this.medians[k] = guarded;
      const doubt = this.lifts ? this.lifts.doubtAt(now + ahead) * Math.abs(guarded) : 0;
      this.scales[k] =
        this.scale.expect(ahead - 1, ahead, guarded, disagreement, this.scaleRows, k * SCALE_ROW) + doubt;
    }
  }

  private ask(member: StreamingMember, into: Float64Array, offset: number): void {
    member.predict(this.out);
    for (let i = 0; i < this.horizon; i++) into[offset + i] = this.tape.plausible(this.out[i] as number);
  }

  /** A member's network was exchanged for one trained since: its old errors say little about it. */
  joined(): void {
    this.combination.join();
  }

  /** Quantiles of the cell `ahead` cells after the newest one, one for each level; ascending as the levels are. */
  quantiles(ahead: number, levels: readonly number[]): number[] {
    if (this.tape.length === 0) return levels.map(() => 0);
    const window = this.windows[this.combination.group(ahead)] as ResidualWindow;
    const median = this.median(ahead);
    const scale = this.scaleAt(ahead);
    return levels.map((level) => this.possible(median + scale * window.quantile(level), ahead));
  }

  /** A quantile `ahead` cells after the newest one, held to what can be. */
  possible(value: number, ahead: number): number {
    const factor = this.factor(ahead);
    return factor * this.tape.possible(value / factor);
  }

  /** How many times the load on the tape the real one is `ahead` cells after the newest. */
  private factor(ahead: number): number {
    return this.lifts?.factorAt(this.tape.length - 1 + ahead) ?? 1;
  }

  /** The error that not knowing an event adds `ahead` cells after the newest one. */
  doubt(ahead: number): number {
    return this.lifts ? this.lifts.doubtAt(this.tape.length - 1 + ahead) * Math.abs(this.median(ahead)) : 0;
  }

  /** The newest cell. */
  newest(): number {
    return this.factor(0) * this.tape.at(this.tape.length - 1);
  }

  /** The combined forecast from the newest cell, before calibration. */
  median(ahead: number): number {
    const median = this.medians[((this.tape.length - 1) % this.horizon) * this.horizon + ahead - 1] as number;
    return this.factor(ahead) * median;
  }

  /** The expected size of its error. */
  scaleAt(ahead: number): number {
    const scale = this.scales[((this.tape.length - 1) % this.horizon) * this.horizon + ahead - 1] as number;
    return this.factor(ahead) * scale;
  }

  /** A member's own forecast from the newest cell, of the load on the tape. */
  private point(member: number, ahead: number): number {
    const slot = (this.tape.length - 1) % this.horizon;
    return this.points[(slot * this.members.length + member) * this.horizon + ahead - 1] as number;
  }

  /** What the seasonal-naive member alone expects from the newest cell; the combined forecast where there is none. */
  seasonalNaive(ahead: number): number {
    return this.naive >= 0 ? this.point(this.naive, ahead) : this.median(ahead);
  }

  weight(member: number, ahead: number): number {
    return this.combination.weight(member, ahead);
  }

  /** Share of each member, as the mean over all cells ahead. */
  weights(): Record<string, number> {
    const mean = (member: number) => {
      let sum = 0;
      for (let ahead = 1; ahead <= this.horizon; ahead++) sum += this.combination.weight(member, ahead);
      return sum / this.horizon;
    };
    return Object.fromEntries(this.members.map(({ name }, member) => [name, mean(member)]));
  }
}
