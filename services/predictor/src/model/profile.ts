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

  constructor(tape: Tape, dayGain: number, weekGain: number) {
    this.tape = tape;
    this.dayGain = dayGain;
    this.weekGain = weekGain;
    this.day = new Float64Array(tape.cycles.day);
    this.dayCount = new Uint16Array(tape.cycles.day);
    this.week = new Float64Array(tape.cycles.week);
    this.weekCount = new Uint16Array(tape.cycles.week);
  }

  /** Learns from the cell that the tape took last. */
  learn(): void {
    const { tape } = this;
    const { day, week } = tape.cycles;
    const index = tape.length - 1;
    if (day === 0 || index < day || !tape.isMeasured(index)) return;
    const deviation = tape.at(index) - tape.dayMean();
    const d = (tape.firstCell + index) % day;
    const seenDays = this.dayCount[d] as number;
    const rest = seenDays === 0 ? deviation : this.bounded(deviation - (this.day[d] as number));
    this.day[d] = (this.day[d] as number) + rest * Math.max(this.dayGain, 1 / (seenDays + 1));
    if (seenDays < 65_535) this.dayCount[d] = seenDays + 1;
    if (week === 0 || seenDays < 7) return;
    const w = (tape.firstCell + index) % week;
    const seenWeeks = this.weekCount[w] as number;
    const old = this.week[w] as number;
    // The first visits count in part: one odd week is no rule.
    this.week[w] = old + (rest - old) * Math.max(this.weekGain, 1 / (seenWeeks + 2));
    if (seenWeeks < 65_535) this.weekCount[w] = seenWeeks + 1;
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
    return around(this.day, this.tape.firstCell + index, reach);
  }

  weekAt(index: number, reach: number): number {
    return around(this.week, this.tape.firstCell + index, reach);
  }
}

function around(cycle: Float64Array, cell: number, reach: number): number {
  const size = cycle.length;
  if (size === 0) return 0;
  let sum = 0;
  for (let k = -reach; k <= reach; k++) sum += cycle[(cell + k + size) % size] as number;
  return sum / (2 * reach + 1);
}
