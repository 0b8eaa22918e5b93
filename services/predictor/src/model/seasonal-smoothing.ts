import type { MemberSpec, StreamingMember } from './member.ts';
import { Profile } from './profile.ts';
import type { Tape } from './tape.ts';

const GAINS = [0.03, 0.08, 0.2, 0.4, 0.7, 1] as const;
/** How fast the level returns to the mean of the day, over one day: 0 never (as ETS), 1 within hours. */
const RETURNS = [0, 1, 4, 12] as const;

/**
 * Decomposition by smoothing: the shapes of day and week are taken off, the rest is smoothed exponentially, and the
 * shapes are put back on (the streaming kin of multi-season STL + ETS). The gain of the smoothing, and how fast the
 * rest fades, are those that erred least lately.
 */
class SeasonalSmoothing implements StreamingMember {
  readonly name = 'seasonal-smoothing';
  private readonly tape: Tape;
  private readonly profile: Profile;
  private readonly levels: Float64Array;
  private readonly errors: Float64Array;
  private readonly lookAhead: number;
  /** Levels of the last `lookAhead` cells, [cell][gain], with the shape-free mean they return to. */
  private readonly past: Float64Array;
  private readonly pastMean: Float64Array;

  constructor(tape: Tape, horizon: number) {
    this.tape = tape;
    this.profile = new Profile(tape, 0.15, 0.3);
    this.levels = new Float64Array(GAINS.length);
    this.errors = new Float64Array(GAINS.length * RETURNS.length);
    this.lookAhead = Math.max(1, Math.ceil(horizon / 2));
    this.past = new Float64Array(this.lookAhead * GAINS.length);
    this.pastMean = new Float64Array(this.lookAhead);
  }

  learn(): void {
    const { tape, lookAhead, past } = this;
    const now = tape.length - 1;
    const rest = tape.at(now) - this.shape(now);
    const slot = now % lookAhead;
    if (now >= lookAhead && tape.isMeasured(now)) this.judge(rest, slot);
    for (let g = 0; g < GAINS.length; g++) {
      const level = this.levels[g] as number;
      const gain = Math.max(GAINS[g] as number, 1 / (now + 1));
      this.levels[g] = tape.isMeasured(now) || now === 0 ? level + gain * (rest - level) : level;
      past[slot * GAINS.length + g] = this.levels[g] as number;
    }
    this.pastMean[slot] = tape.dayMean();
    this.profile.learn();
  }

  private judge(rest: number, slot: number): void {
    const fade = 1 - 1 / (3 * Math.max(48, this.tape.cycles.day));
    const mean = this.pastMean[slot] as number;
    for (let g = 0; g < GAINS.length; g++) {
      const level = this.past[slot * GAINS.length + g] as number;
      for (let r = 0; r < RETURNS.length; r++) {
        const error = Math.abs(rest - mean - (level - mean) * this.kept(RETURNS[r] as number, this.lookAhead));
        const k = g * RETURNS.length + r;
        this.errors[k] = (this.errors[k] as number) * fade + error;
      }
    }
  }

  private kept(perDay: number, ahead: number): number {
    return Math.exp((-perDay * ahead) / Math.max(48, this.tape.cycles.day));
  }

  predict(out: Float64Array): void {
    let best = 0;
    for (let k = 1; k < this.errors.length; k++) {
      if ((this.errors[k] as number) < (this.errors[best] as number)) best = k;
    }
    const level = this.levels[Math.floor(best / RETURNS.length)] as number;
    const perDay = RETURNS[best % RETURNS.length] as number;
    const mean = this.tape.dayMean();
    for (let i = 0; i < out.length; i++) {
      out[i] = mean + (level - mean) * this.kept(perDay, i + 1) + this.shape(this.tape.length + i);
    }
  }

  private shape(index: number): number {
    const reach = this.tape.cycles.day >= 96 ? 1 : 0;
    return this.profile.dayAt(index, reach) + this.profile.weekAt(index, reach);
  }
}

export const seasonalSmoothing: MemberSpec<'seasonal-smoothing'> = {
  name: 'seasonal-smoothing',
  create: ({ tape, horizon }) => new SeasonalSmoothing(tape, horizon),
};
