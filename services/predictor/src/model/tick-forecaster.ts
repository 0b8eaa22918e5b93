import { MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import { Course } from './course.ts';
import type { Ensemble } from './ensemble.ts';
import { ErrorScale, SCALE_ROW } from './error-scale.ts';
import { ANCHOR_ROW, LevelAnchor } from './level-anchor.ts';
import type { RawWindow } from './raw-window.ts';
import { ResidualWindow } from './residual-window.ts';
import type { Sampling } from './steps.ts';

const MINUTE_MS = 60_000;
const LEADS = MAX_LEAD_MINUTES.length;
const LEAD_MS_MAX = Math.max(...MAX_LEAD_MINUTES) * MINUTE_MS;
/** Steps share residuals in groups of three, as near steps err alike. */
const STEPS_POOLED = 3;
const POOLED_RESIDUALS = 4_000;
const LEAD_RESIDUALS = 2_500;

/** A sample that misses the course by this many times what samples usually do is an alarm... */
const ALARM = 8;
/** ...under which errors of at least this share of it are expected, before any of them has matured. */
const ALARM_SHARE = 0.25;
/** Samples over which the usual miss is taken. */
const USUAL_SAMPLES = 1_440;

/** The newest samples, against the cells that the ensemble has taken. */
export interface Newest {
  readonly timeMs: number;
  readonly value: number;
  /** Samples of the running cell, with their mean value and time. */
  readonly samples: number;
  readonly mean: number;
  readonly meanTimeMs: number;
}

/** What was expected at a tick, kept until it can be compared with what came. */
interface Pending {
  timeMs: number;
  samples: number;
  unit: number;
  readonly anchor: Float64Array;
  /** Steps first, then maxima: the course before anchoring (steps), the expected value, and its error's size. */
  readonly course: Float64Array;
  readonly expected: Float64Array;
  readonly seasonalNaive: Float64Array;
  readonly scale: Float64Array;
  readonly scaleRows: Float64Array;
}

/**
 * Told of every step that matured: what came, its quantiles as they would be published, and what the seasonal-naive
 * member expected at the same moment.
 */
export type OnMatured = (
  timeMs: number,
  actual: number,
  quantile: (level: number) => number,
  seasonalNaive: number,
) => void;

/**
 * Forecasts issued at any moment between two cells: the ensemble's course, anchored at the newest raw samples, with
 * quantiles of the mean of each step and of the maximum over each lead. Both are calibrated on their own past errors,
 * tick by tick, so that the quantile of a maximum needs no assumption on how its minutes hang together.
 */
export class TickForecaster {
  private readonly sampling: Sampling;
  private readonly raw: RawWindow;
  private readonly targets: number;
  private readonly anchor: LevelAnchor;
  private readonly scale: ErrorScale;
  private readonly windows: ResidualWindow[];
  private readonly ring: Pending[];
  private readonly matured: Float64Array;
  private readonly scratch: Pending;
  private ensemble: Ensemble;
  private course: Course;
  private naiveCourse: Course;
  private ticks = 0;
  /** By how much a sample usually misses the course. */
  private usualMiss = 0;
  private alarm = 0;

  constructor(sampling: Sampling, ensemble: Ensemble, raw: RawWindow) {
    this.sampling = sampling;
    this.ensemble = ensemble;
    this.raw = raw;
    this.targets = sampling.steps + LEADS;
    const day = ensemble.tape.cycles.day;
    const ticksPerCell = Math.max(1, Math.round(sampling.shapeStepMs / sampling.tickMs));
    this.anchor = new LevelAnchor(sampling.steps, Math.max(300, 7 * day));
    this.scale = new ErrorScale(
      ensemble.tape,
      Array.from({ length: this.targets }, (_, target) => this.reachMs(target) / sampling.tickMs),
      ticksPerCell,
    );
    const pools = Math.ceil(sampling.steps / STEPS_POOLED);
    this.windows = Array.from(
      { length: pools + LEADS },
      (_, k) => new ResidualWindow(k < pools ? POOLED_RESIDUALS : LEAD_RESIDUALS),
    );
    const longestMs = Math.max(LEAD_MS_MAX, sampling.steps * sampling.shapeStepMs);
    const size = Math.ceil(longestMs / (0.9 * sampling.tickMs)) + 4;
    this.ring = Array.from({ length: size }, () => emptyPending(this.targets));
    this.scratch = emptyPending(this.targets);
    this.matured = new Float64Array(this.targets);
    this.course = new Course(ensemble.horizon + 1);
    this.naiveCourse = new Course(ensemble.horizon + 1);
  }

  /** Goes on with a rebuilt ensemble; what was learned of residuals stays, as they are relative to its scale. */
  replaceEnsemble(ensemble: Ensemble): void {
    this.ensemble = ensemble;
    this.scale.follow(ensemble.tape);
    this.course = new Course(ensemble.horizon + 1);
    this.naiveCourse = new Course(ensemble.horizon + 1);
  }

  /** Learns from what matured by now, and remembers what is expected now. At most once per `tickMs`. */
  tick(newest: Newest, centreMs: number, onMatured: OnMatured): void {
    for (let target = 0; target < this.targets; target++) this.matureUntil(target, newest.timeMs, onMatured);
    const pending = this.ring[this.ticks % this.ring.length] as Pending;
    this.expect(pending, newest, newest.timeMs, centreMs);
    this.ticks++;
    this.learnMiss(this.missOf(newest));
    if (this.ticks % 30 === 0) {
      this.anchor.refit();
      this.scale.refit();
    }
  }

  /** How far the newest sample lies off the course that was last expected. */
  private missOf(newest: Newest): number {
    return Math.abs(newest.value - this.course.at(newest.timeMs));
  }

  private learnMiss(miss: number): void {
    const bounded = this.ticks > STEPS_POOLED ? Math.min(miss, 4 * this.usualMiss + 1e-12) : miss;
    this.usualMiss += (bounded - this.usualMiss) * Math.max(1 / this.ticks, 1 / USUAL_SAMPLES);
  }

  /** Distance from the issue to the end of a target. */
  private reachMs(target: number): number {
    const { steps, shapeStepMs, rawStepMs } = this.sampling;
    if (target < steps) return (target + 1) * shapeStepMs;
    // Between two samples nothing is measured: the shortest window that can be judged is one raw step.
    return Math.max((MAX_LEAD_MINUTES[target - steps] as number) * MINUTE_MS, rawStepMs);
  }

  private matureUntil(target: number, nowMs: number, onMatured: OnMatured): void {
    const reachMs = this.reachMs(target);
    const toleranceMs = 0.1 * this.sampling.rawStepMs;
    let next = Math.max(this.matured[target] as number, this.ticks - this.ring.length);
    for (; next < this.ticks; next++) {
      const pending = this.ring[next % this.ring.length] as Pending;
      const untilMs = pending.timeMs + reachMs;
      if (untilMs - toleranceMs > nowMs) break;
      if (target < this.sampling.steps) this.matureStep(pending, target, next, untilMs + toleranceMs, onMatured);
      else this.matureMaximum(pending, target, next, untilMs + toleranceMs);
    }
    this.matured[target] = next;
  }

  private matureStep(pending: Pending, step: number, tick: number, untilMs: number, onMatured: OnMatured): void {
    let sum = 0;
    let count = 0;
    this.raw.each(untilMs - this.sampling.shapeStepMs, untilMs, (value) => {
      sum += value;
      count++;
    });
    if (count === 0) return;
    const actual = sum / count;
    const course = pending.course[step] as number;
    this.anchor.learn(step, pending.samples, pending.anchor, 0, (actual - course) / pending.unit);
    const window = this.window(step);
    const expected = pending.expected[step] as number;
    const scale = pending.scale[step] as number;
    const { ensemble } = this;
    const quantile = (level: number) => ensemble.possible(expected + scale * window.quantile(level), 0);
    onMatured(untilMs, actual, quantile, pending.seasonalNaive[step] as number);
    this.learnResidual(pending, step, tick, actual);
  }

  private matureMaximum(pending: Pending, target: number, tick: number, untilMs: number): void {
    let highest = Number.NEGATIVE_INFINITY;
    let count = 0;
    const reachMs = this.reachMs(target);
    this.raw.each(untilMs - reachMs, untilMs, (value) => {
      highest = Math.max(highest, value);
      count++;
    });
    // With many samples missing, the true maximum was likely not seen.
    const fitting = Math.floor(reachMs / this.sampling.rawStepMs + 0.1);
    if (count >= 0.7 * fitting) this.learnResidual(pending, target, tick, highest);
  }

  private learnResidual(pending: Pending, target: number, tick: number, actual: number): void {
    const error = actual - (pending.expected[target] as number);
    // Errors of overlapping targets are nearly one: of those only some are kept, so that the window reaches back far.
    const overlap = this.reachMs(target) / this.sampling.tickMs / 4;
    const stride = Math.max(1, Math.min(5, Math.round(overlap)));
    if ((tick + target) % stride === 0)
      this.window(target).add(clampResidual(error / (pending.scale[target] as number)));
    this.scale.learn(target, Math.abs(error), pending.scaleRows, target * SCALE_ROW);
  }

  private window(target: number): ResidualWindow {
    const { steps } = this.sampling;
    const pools = Math.ceil(steps / STEPS_POOLED);
    const k = target < steps ? Math.floor(target / STEPS_POOLED) : pools + target - steps;
    return this.windows[k] as ResidualWindow;
  }

  /** Fills `into` with what is expected after `fromMs`, given the newest samples. */
  private expect(into: Pending, newest: Newest, fromMs: number, centreMs: number): void {
    const { ensemble, course, naiveCourse } = this;
    const { tape } = ensemble;
    const { shapeStepMs, rawStepMs, steps } = this.sampling;
    const lastCell = tape.firstCell + tape.length - 1;
    for (let ahead = 0; ahead <= ensemble.horizon; ahead++) {
      const timeMs = (lastCell + ahead) * shapeStepMs + centreMs;
      course.set(ahead, timeMs, ahead === 0 ? ensemble.newest() : ensemble.median(ahead));
      naiveCourse.set(ahead, timeMs, ahead === 0 ? ensemble.newest() : ensemble.seasonalNaive(ahead));
    }
    const miss = this.missOf(newest);
    this.alarm = this.ticks > USUAL_SAMPLES / 4 && miss > ALARM * this.usualMiss ? ALARM_SHARE * miss : 0;
    into.timeMs = fromMs;
    into.samples = newest.samples;
    into.unit = ensemble.scaleAt(1);
    into.anchor[0] = clampResidual4((newest.value - course.at(newest.timeMs)) / into.unit);
    into.anchor[1] = newest.samples > 0 ? clampResidual4((newest.mean - course.at(newest.meanTimeMs)) / into.unit) : 0;
    for (let step = 0; step < steps; step++) {
      const middleMs = fromMs + step * shapeStepMs + (shapeStepMs + rawStepMs) / 2;
      into.course[step] = course.at(middleMs);
      into.expected[step] = (into.course[step] as number) + this.shiftAt(into, step);
      into.seasonalNaive[step] = naiveCourse.at(middleMs);
      this.expectScale(into, step);
    }
    this.expectMaxima(into, fromMs);
  }

  private shiftAt(into: Pending, step: number): number {
    return into.unit * this.anchor.shift(step, into.samples, into.anchor, 0);
  }

  private expectMaxima(into: Pending, fromMs: number): void {
    const { tickMs, shapeStepMs, steps } = this.sampling;
    let highest = Number.NEGATIVE_INFINITY;
    let reachedMs = 0;
    for (let lead = 0; lead < LEADS; lead++) {
      const reachMs = this.reachMs(steps + lead);
      while (reachedMs < reachMs) {
        reachedMs += tickMs;
        const step = Math.ceil(reachedMs / shapeStepMs) - 1;
        highest = Math.max(highest, this.course.at(fromMs + reachedMs) + this.shiftAt(into, step));
      }
      into.expected[steps + lead] = highest;
      this.expectScale(into, steps + lead);
    }
  }

  private expectScale(into: Pending, target: number): void {
    const ahead = this.cellsAhead(target);
    const shift = Math.abs(this.shiftAt(into, Math.min(ahead, this.sampling.steps) - 1));
    const spread = 0.5 * this.ensemble.scaleAt(ahead) + shift;
    const expected = into.expected[target] as number;
    const scale = this.scale.expect(target, ahead, expected, spread, into.scaleRows, target * SCALE_ROW);
    into.scale[target] = Math.max(scale, this.alarm) + this.doubt(target, ahead);
  }

  /** The largest doubt in the cells that a target covers: two for a step, all up to its end for a maximum. */
  private doubt(target: number, ahead: number): number {
    const last = Math.min(ahead + 1, this.ensemble.horizon);
    let most = 0;
    for (let cell = target < this.sampling.steps ? ahead : 1; cell <= last; cell++)
      most = Math.max(most, this.ensemble.doubt(cell));
    return most;
  }

  private cellsAhead(target: number): number {
    const { shapeStepMs } = this.sampling;
    return Math.max(1, Math.min(this.ensemble.horizon, Math.ceil(this.reachMs(target) / shapeStepMs)));
  }

  /**
   * Quantiles for every target, steps first, then maxima: `result[target][level]`. `nowMs` may lie after the newest
   * sample; each target then takes the calibration of one that lies as far from that sample.
   */
  quantiles(newest: Newest, nowMs: number, centreMs: number, levels: readonly number[]): number[][] {
    const { scratch, sampling } = this;
    this.expect(scratch, newest, nowMs, centreMs);
    const lateMs = Math.max(0, nowMs - newest.timeMs - sampling.rawStepMs / 2);
    const { ensemble } = this;
    return Array.from({ length: this.targets }, (_, target) => {
      const stretch = Math.sqrt((this.reachMs(target) + lateMs) / this.reachMs(target));
      const scale = stretch * (scratch.scale[target] as number);
      const window = this.window(target);
      return levels.map((level) =>
        ensemble.possible(
          (scratch.expected[target] as number) + scale * window.quantile(level),
          this.cellsAhead(target),
        ),
      );
    });
  }
}

function emptyPending(targets: number): Pending {
  return {
    timeMs: 0,
    samples: 0,
    unit: 1,
    anchor: new Float64Array(ANCHOR_ROW),
    course: new Float64Array(targets),
    expected: new Float64Array(targets),
    seasonalNaive: new Float64Array(targets),
    scale: new Float64Array(targets),
    scaleRows: new Float64Array(targets * SCALE_ROW),
  };
}

function clampResidual(residual: number): number {
  return Math.max(-1e4, Math.min(1e4, residual));
}

function clampResidual4(deviation: number): number {
  return Math.max(-4, Math.min(4, deviation));
}
