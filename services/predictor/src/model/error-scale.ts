import { NormalEquations } from './normal-equations.ts';
import { ScaleDrift } from './scale-drift.ts';
import type { Tape } from './tape.ts';

/** Length of the row that `expect` writes and `learn` reads: the base, the regressors, and what they came to. */
export const SCALE_ROW = 10;
const REGRESSORS = SCALE_ROW - 2;
/** Errors below this share of the usual one count as this share: the log of a lucky hit would rule the fit. */
const FLOOR = 0.1;
/** Before this many errors of a target are known, the newest errors alone say how large the next will be. */
const ERRORS_MIN = 40;
/** Newest errors this many times the usual ones raise an alarm, under which at least this share of them is expected. */
const ALARM = 8;
const ALARM_SHARE = 0.4;
/** What the first error is assumed to be, as a share of the first value. */
const ASSUMED_ERROR = 0.1;

/**
 * How large the next errors will be, for each of several targets (cells ahead, or windows): a regression of the log of
 * the absolute error on what is known at the origin. That is the errors of the last cells, hours and days, those at the
 * same time of earlier days, the level, how far the members disagree, and how much the series just moved. It makes a
 * band widen in the busy hour and after a jump, and shrink at night.
 */
export class ErrorScale {
  private tape: Tape;
  private readonly models: NormalEquations[];
  private readonly byPhase: Float64Array;
  private readonly phaseTarget: number;
  private readonly fast: Float64Array;
  private readonly medium: Float64Array;
  private readonly slow: Float64Array;
  private readonly learned: Uint32Array;
  private readonly dayErrors: number;
  private readonly phaseGain: number;
  private readonly drift: ScaleDrift;

  /**
   * One target for each of `overlaps`, the number of errors in a row that hang together; for each there come `perCell`
   * errors for each cell of `tape`.
   */
  constructor(tape: Tape, overlaps: readonly number[], perCell = 1) {
    this.tape = tape;
    const targets = overlaps.length;
    this.drift = new ScaleDrift(overlaps);
    this.dayErrors = perCell * Math.max(48, tape.cycles.day);
    this.models = Array.from(
      { length: targets },
      () => new NormalEquations(REGRESSORS, Math.max(500, 14 * this.dayErrors)),
    );
    this.byPhase = new Float64Array(Math.max(1, tape.cycles.day)).fill(-1);
    this.phaseGain = 0.15 / perCell;
    this.phaseTarget = Math.min(targets - 1, 5);
    this.fast = new Float64Array(targets);
    this.medium = new Float64Array(targets);
    this.slow = new Float64Array(targets);
    this.learned = new Uint32Array(targets);
  }

  /** Goes on with another tape of the same series and step. */
  follow(tape: Tape): void {
    this.tape = tape;
  }

  /** Takes in that a forecast for the newest cell, made with the given row of features, missed by `error`. */
  learn(target: number, error: number, rows: Float64Array, offset: number): void {
    const day = this.dayErrors;
    const follow = (averages: Float64Array, gain: number) => {
      const old = averages[target] as number;
      averages[target] = old + gain * (error - old);
    };
    if (this.learned[target] === 0) this.assume(target);
    follow(this.fast, 0.25);
    follow(this.medium, Math.max(0.02, 4 / day));
    follow(this.slow, Math.max(1 / (4 * day), 1 / ((this.learned[target] as number) + 2)));
    if (target === this.phaseTarget) this.learnPhase(error);
    const floor = FLOOR * (this.slow[target] as number) + this.tiny();
    const size = Math.log(Math.max(error, floor)) - (rows[offset] as number);
    (this.models[target] as NormalEquations).add(rows, offset + 1, size, 1);
    this.learned[target] = (this.learned[target] as number) + 1;
    this.drift.learn(target, error / (rows[offset + SCALE_ROW - 1] as number));
  }

  /** Before there is any error: a share of the level. */
  private assume(target: number): void {
    const assumed = ASSUMED_ERROR * Math.abs(this.tape.at(this.tape.length - 1));
    this.fast[target] = assumed;
    this.medium[target] = assumed;
    this.slow[target] = assumed;
  }

  private learnPhase(error: number): void {
    const phase = this.tape.phase(this.tape.length - 1, this.byPhase.length);
    const old = this.byPhase[phase] as number;
    this.byPhase[phase] = old < 0 ? error : old + this.phaseGain * (error - old);
  }

  /** Solves the regressions anew; cheap, but not for every cell. */
  refit(): void {
    for (const model of this.models) model.solve(20);
  }

  /**
   * The expected size of the error of a target that lies `ahead` cells after the newest one; positive. Writes the row
   * that `learn` will need into `rows`.
   */
  expect(
    target: number,
    ahead: number,
    median: number,
    disagreement: number,
    rows: Float64Array,
    offset: number,
  ): number {
    const tiny = this.tiny();
    if (this.learned[target] === 0) this.assume(target);
    const slow = this.slow[target] as number;
    const base = Math.log(slow + tiny);
    const relative = (x: number) => bounded(Math.log(x + 0.02 * slow + tiny) - base);
    const typical = Math.abs(this.tape.dayMean()) + tiny;
    const fast = relative(this.fast[target] as number);
    rows[offset] = base;
    rows[offset + 1] = 1;
    rows[offset + 2] = fast;
    rows[offset + 3] = relative(this.medium[target] as number);
    rows[offset + 4] = relative(this.phaseError(this.tape.length - 1 + ahead));
    rows[offset + 5] = bounded(Math.log(Math.max(0, median) / typical + 0.1));
    rows[offset + 6] = relative(disagreement);
    rows[offset + 7] = relative(this.recentMove());
    rows[offset + 8] = relative(this.fast[0] as number) - relative(this.medium[0] as number);
    const known = (this.learned[target] as number) >= ERRORS_MIN;
    const fitted = known ? (this.models[target] as NormalEquations).dot(rows, offset + 1) : 0.5 * fast;
    const expected = Math.exp(base + Math.max(-4, Math.min(4, fitted)));
    rows[offset + SCALE_ROW - 1] = expected;
    return Math.max(expected * this.drift.factor(target), this.alarm(target));
  }

  /** When errors are far beyond the usual ones, no regression on quiet times says how large the next will be. */
  private alarm(target: number): number {
    const newest = Math.max(this.fast[0] as number, this.fast[target] as number);
    return newest > ALARM * (this.slow[0] as number) ? ALARM_SHARE * newest : 0;
  }

  private phaseError(index: number): number {
    const size = this.byPhase.length;
    const reach = size >= 96 ? Math.round(size / 96) : size >= 24 ? 1 : 0;
    const phase = this.tape.phase(index, size);
    let sum = 0;
    let count = 0;
    for (let k = -reach; k <= reach; k++) {
      const error = this.byPhase[(phase + k + size) % size] as number;
      if (error < 0) continue;
      sum += error;
      count++;
    }
    return count === 0 ? (this.slow[0] as number) : sum / count;
  }

  private recentMove(): number {
    const now = this.tape.length - 1;
    const back = (cells: number) => this.tape.at(Math.max(0, now - cells));
    return Math.abs(back(0) - back(1)) + 0.5 * Math.abs(back(0) - back(3));
  }

  private tiny(): number {
    return 1e-6 * Math.abs(this.tape.dayMean()) + 1e-12;
  }
}

function bounded(x: number): number {
  return Math.max(-5, Math.min(5, x));
}
