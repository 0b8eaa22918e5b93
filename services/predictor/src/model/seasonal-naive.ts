import type { MemberSpec, StreamingMember } from './member.ts';
import type { Tape } from './tape.ts';

/**
 * The value of one day or one week ago, whichever erred less over the history (a week once there are two of it).
 * Before the first day is full, the last value.
 */
class SeasonalNaive implements StreamingMember {
  readonly name = 'seasonal-naive';
  private readonly tape: Tape;
  private dayError = 0;
  private weekError = 0;
  private compared = 0;

  constructor(tape: Tape) {
    this.tape = tape;
  }

  learn(): void {
    const { tape } = this;
    const { day, week } = tape.cycles;
    const now = tape.length - 1;
    if (week === 0 || now < week || !tape.isMeasured(now)) return;
    // Both over the same cells, from the second week on, so that neither profits from an easier time.
    const dayBefore = tape.before(now, day);
    const weekBefore = tape.before(now, week);
    if (weekBefore < 0) return;
    this.dayError += Math.abs(tape.at(now) - tape.at(dayBefore < 0 ? now : dayBefore));
    this.weekError += Math.abs(tape.at(now) - tape.at(weekBefore));
    this.compared++;
  }

  predict(out: Float64Array): void {
    const { tape } = this;
    const { day, week } = tape.cycles;
    const weekly = week > 0 && this.compared > week / 2 && this.weekError < this.dayError;
    const season = weekly ? week : day;
    for (let i = 0; i < out.length; i++) {
      const then = tape.before(tape.length + i, season);
      out[i] = then >= 0 ? tape.at(then) : Number.isFinite(tape.lastMeasured) ? tape.lastMeasured : 0;
    }
  }
}

export const seasonalNaive: MemberSpec<'seasonal-naive'> = {
  name: 'seasonal-naive',
  create: ({ tape }) => new SeasonalNaive(tape),
};
