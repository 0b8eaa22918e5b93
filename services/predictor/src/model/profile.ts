import type { Tape } from './tape.ts';

/**
 * The usual shape of the day and of the week, learned cell by cell as deviations from the mean of the day before, so
 * that a shift of the level does not bend it. `week` holds what a weekday adds to the shape of the day.
 */
export class Profile {
  private readonly tape: Tape;
  private readonly day: Float64Array;
  private readonly dayCount: Uint16Array;
  private readonly week: Float64Array;
  private readonly weekCount: Uint16Array;
  private readonly dayGain: number;
  private readonly weekGain: number;
  private usualRest = 0;
  private learned = 0;
  /** How far the mean of the day before usually lies from the mean of all days, by time of the week. */
  private readonly before: Float64Array;
  private longMean = 0;

  constructor(tape: Tape, dayGain: number, weekGain: number) {
    this.tape = tape;
    this.dayGain = dayGain;
    this.weekGain = weekGain;
    this.day = new Float64Array(tape.cycles.day);
    this.dayCount = new Uint16Array(tape.cycles.day);
    this.week = new Float64Array(tape.cycles.week);
    this.weekCount = new Uint16Array(tape.cycles.week);
    this.before = new Float64Array(tape.hasHolidays ? tape.cycles.week : 0);
  }

  /** Learns from the cell that the tape took last. */
  learn(): void {
    const { tape } = this;
    const { day, week } = tape.cycles;
    const index = tape.length - 1;
    if (day === 0 || index < day || !tape.isMeasured(index) || tape.isApart(index)) return;
    const deviation = tape.at(index) - tape.dayMean();
    const d = tape.phase(index, day);
    const seenDays = this.dayCount[d] as number;
    const rest = seenDays === 0 ? deviation : this.bounded(deviation - (this.day[d] as number));
    this.day[d] = (this.day[d] as number) + rest * Math.max(this.dayGain, 1 / (seenDays + 1));
    if (seenDays < 65_535) this.dayCount[d] = seenDays + 1;
    if (week === 0 || seenDays < 7) return;
    const w = tape.weekPhase(index);
    const seenWeeks = this.weekCount[w] as number;
    const old = this.week[w] as number;
    // The first visits count in part: one odd week is no rule.
    this.week[w] = old + (rest - old) * Math.max(this.weekGain, 1 / (seenWeeks + 2));
    if (seenWeeks < 65_535) this.weekCount[w] = seenWeeks + 1;
    if (tape.hasHolidays) this.learnBefore(w, seenWeeks);
  }

  private learnBefore(phase: number, seenWeeks: number): void {
    const mean = this.tape.dayMean();
    const cells = this.learned - 7 * this.day.length;
    this.longMean += (mean - this.longMean) * Math.max(1 / Math.max(1, cells), 1 / (4 * this.week.length));
    const old = this.before[phase] as number;
    this.before[phase] = old + (mean - this.longMean - old) * Math.max(this.weekGain, 1 / (seenWeeks + 1));
  }

  /** What does not fit the shape, within limits: one burst or a shift of the level is no new shape. */
  private bounded(rest: number): number {
    const limit = 10 * this.usualRest;
    const held = this.learned < this.day.length ? rest : Math.max(-limit, Math.min(limit, rest));
    this.learned++;
    const gain = Math.max(1 / this.learned, 1 / (3 * this.day.length));
    this.usualRest += gain * (Math.abs(held) - this.usualRest);
    return held;
  }

  /** Deviation of the shape of the day at a cell (also a future one), as the mean over `reach` cells to each side. */
  dayAt(index: number, reach: number): number {
    if (this.day.length === 0) return 0;
    return around(this.day, this.tape.phase(index, this.day.length), reach);
  }

  /**
   * What the day of the week adds. A Sunday's shape is told from the mean of a Saturday; on a holiday in the middle of
   * the week, after a working day, the same load lies further below the mean of the day before.
   */
  weekAt(index: number, reach: number): number {
    const { tape, week } = this;
    if (week.length === 0) return 0;
    const phase = tape.weekPhase(index);
    const added = around(week, phase, reach);
    if (!tape.isHoliday(index)) return added;
    return added + around(this.before, phase, reach) - around(this.before, tape.phase(index, week.length), reach);
  }
}

function around(cycle: Float64Array, phase: number, reach: number): number {
  const size = cycle.length;
  let sum = 0;
  for (let k = -reach; k <= reach; k++) sum += cycle[(phase + k + size) % size] as number;
  return sum / (2 * reach + 1);
}
