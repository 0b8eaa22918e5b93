import type { MemberSpec, StreamingMember } from './member.ts';
import type { Tape } from './tape.ts';

interface Gains {
  readonly level: number;
  readonly trend: number;
  readonly season: number;
}

/** The candidates that run side by side; the one that erred least lately forecasts. */
const CANDIDATES: readonly Gains[] = [0.04, 0.15, 0.4, 0.8].flatMap((level) =>
  [0.05, 0.2, 0.5].flatMap((season) => [0, 0.02].map((trend) => ({ level, trend: trend * level, season }))),
);

/** What is left of the trend after one cell. */
const DAMPING = 0.97;

/**
 * Holt-Winters with an additive season of one day and a damped trend, in error-correction form: with forecast error e,
 * level += trend + gain e, trend = damping (trend + gain e), season += gain (1 - level gain) e. Without a day in the
 * step it is Holt's method.
 */
class HoltWinters implements StreamingMember {
  readonly name = 'holt-winters';
  private readonly tape: Tape;
  private readonly models: { state: Recursion; error: number; forecast: number }[];
  private readonly lookAhead: number;

  constructor(tape: Tape, horizon: number) {
    this.tape = tape;
    this.lookAhead = Math.max(1, Math.ceil(horizon / 2));
    this.models = CANDIDATES.map((gains) => ({
      state: new Recursion(gains, Math.max(1, tape.cycles.day), this.lookAhead),
      error: 0,
      forecast: 0,
    }));
  }

  learn(): void {
    const { tape } = this;
    const now = tape.length - 1;
    const phase = this.phase(now);
    const phaseAhead = this.phase(now + this.lookAhead);
    const learns = !tape.isApart(now);
    const fade = 1 - 1 / (3 * Math.max(48, tape.cycles.day));
    for (const model of this.models) {
      const expected = model.state.remembered(now);
      if (now >= this.lookAhead && tape.isMeasured(now))
        model.error = model.error * fade + Math.abs(tape.at(now) - expected);
      model.state.step(phase, tape.isMeasured(now) ? tape.at(now) : null, now, tape.dayMean(), learns);
      model.state.remember(now, phaseAhead);
    }
  }

  predict(out: Float64Array): void {
    let best = this.models[0] as (typeof this.models)[number];
    for (const model of this.models) if (model.error < best.error) best = model;
    for (let i = 0; i < out.length; i++) out[i] = best.state.ahead(this.phase(this.tape.length + i), i + 1);
  }

  private phase(index: number): number {
    return this.tape.phase(index, Math.max(1, this.tape.cycles.day));
  }
}

class Recursion {
  private readonly gains: Gains;
  private readonly season: Float64Array;
  private readonly seen: Uint16Array;
  /** Forecasts made `lookAhead` cells ago, by slot, to be judged when their cell comes. */
  private readonly made: Float64Array;
  private level = 0;
  private trend = 0;

  constructor(gains: Gains, day: number, lookAhead: number) {
    this.gains = gains;
    this.season = new Float64Array(day);
    this.seen = new Uint16Array(day);
    this.made = new Float64Array(lookAhead);
  }

  remembered(now: number): number {
    return this.made[now % this.made.length] as number;
  }

  /** `learns`: whether the cell is an example of its time of the day. */
  step(phase: number, value: number | null, now: number, dayMean: number, learns: boolean): void {
    const { gains, season } = this;
    if (value !== null) {
      if (now === 0) this.level = value;
      const old = season[phase] as number;
      const seen = this.seen[phase] as number;
      // During the first days the shape is the plain mean of deviations; the level alone follows.
      const error = value - this.level - this.trend - old;
      this.level += this.trend + gains.level * error;
      this.trend = DAMPING * (this.trend + gains.trend * error);
      if (learns && season.length > 1 && now >= season.length) {
        const target = seen === 0 ? value - dayMean : old + error * (1 - gains.level);
        season[phase] = old + (target - old) * (seen === 0 ? 1 : Math.max(gains.season, 1 / (seen + 1)));
        if (seen < 65_535) this.seen[phase] = seen + 1;
      }
    } else {
      this.level += this.trend;
      this.trend *= DAMPING;
    }
  }

  /** Keeps the forecast of the cell `lookAhead` ahead, which lies at that phase of the day. */
  remember(now: number, phaseAhead: number): void {
    this.made[now % this.made.length] = this.ahead(phaseAhead, this.made.length);
  }

  ahead(phase: number, steps: number): number {
    const drift = (this.trend * (1 - DAMPING ** steps)) / (1 - DAMPING);
    return this.level + drift + (this.season[phase] as number);
  }
}

export const holtWinters: MemberSpec<'holt-winters'> = {
  name: 'holt-winters',
  create: ({ tape, horizon }) => new HoltWinters(tape, horizon),
};
