import type { CellCalendar } from './cell-calendar.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** How many cells make an hour, a day and a week; 0 where the step does not divide it. */
export interface Cycles {
  readonly hour: number;
  readonly day: number;
  readonly week: number;
}

/** A cycle needs at least four cells to have a shape. */
function cyclesOf(stepMs: number): Cycles {
  const cells = (lengthMs: number) => (lengthMs % stepMs === 0 && lengthMs / stepMs >= 4 ? lengthMs / stepMs : 0);
  return { hour: cells(HOUR_MS), day: cells(DAY_MS), week: cells(7 * DAY_MS) };
}

/**
 * The recent past of a series, cell by cell, with gaps bridged so that members can look back without asking: a
 * short gap holds the last value, a longer one repeats the day before. Whether a cell was measured stays known.
 */
export class Tape {
  readonly cycles: Cycles;
  /** Cells between two jumps of this length are beyond what a held value can stand for. */
  private readonly holdCells: number;
  private readonly mask: number;
  private readonly ring: Float64Array;
  private readonly measured: Uint8Array;
  /** Cells that are no example of their time of the week: holidays, and events that nobody knew the effect of. */
  private readonly apart: Uint8Array;
  private readonly calendar: CellCalendar;
  /** The newest day of cells that are not apart, and their sum. */
  private readonly ordinary: Float64Array;
  private ordinaryCells = 0;
  private total = 0;
  private gapCells = 0;
  /** Cells pushed so far; the newest has index `length - 1`. */
  length = 0;
  /** Epoch-aligned number of the cell with index 0: phases of day and week follow from it. */
  readonly firstCell: number;
  lastMeasured = Number.NaN;
  /** The newest raw sample: later, and noisier, than the mean of the cell that it is part of. */
  latest = 0;
  /** Largest and smallest value of the last weeks, slowly forgotten. */
  private highest = Number.NEGATIVE_INFINITY;
  private lowest = Number.POSITIVE_INFINITY;
  private readonly forget: number;

  constructor(stepMs: number, firstCell: number, calendar: CellCalendar) {
    this.cycles = cyclesOf(stepMs);
    this.firstCell = firstCell;
    this.calendar = calendar;
    this.holdCells = Math.max(1, this.cycles.hour);
    this.forget = 1 / (14 * Math.max(48, this.cycles.day));
    const size = 2 ** Math.ceil(Math.log2(Math.max(256, 2 * this.cycles.week + this.cycles.day + 64)));
    this.mask = size - 1;
    this.ring = new Float64Array(size);
    this.measured = new Uint8Array(size);
    this.apart = new Uint8Array(size);
    this.ordinary = new Float64Array(Math.max(1, this.cycles.day));
  }

  /**
   * Takes the next cell: the mean of its samples, NaN when it has none, and the last of them where it is known. `apart`
   * says that it is no example of its time of the week; a holiday is none in any case.
   */
  push(value: number, latest = value, apart = false): void {
    const present = Number.isFinite(value);
    this.gapCells = present ? 0 : this.gapCells + 1;
    if (present) this.learnRange(value);
    const { day } = this.cycles;
    let filled = value;
    if (!present) {
      const then = this.gapCells > this.holdCells && day > 0 ? this.before(this.length, day) : -1;
      filled = then >= 0 ? this.at(then) : this.length > 0 ? this.at(this.length - 1) : 0;
    }
    this.latest = Number.isFinite(latest) ? latest : filled;
    const slot = this.length & this.mask;
    this.ring[slot] = filled;
    this.measured[slot] = present ? 1 : 0;
    const setApart = apart || this.isHoliday(this.length);
    this.apart[slot] = setApart ? 1 : 0;
    this.length++;
    if (day > 0 && !(setApart && this.ordinaryCells >= day)) this.learnDay(filled);
  }

  /** Days that are apart are left out of the usual day, or the day after them would seem a different one. */
  private learnDay(value: number): void {
    const slot = this.ordinaryCells % this.ordinary.length;
    this.total += value - (this.ordinary[slot] as number);
    this.ordinary[slot] = value;
    this.ordinaryCells++;
  }

  /** The value of a cell, bridged where it was not measured. `index` within the last two weeks and a day. */
  at(index: number): number {
    return this.ring[index & this.mask] as number;
  }

  isMeasured(index: number): boolean {
    return index >= 0 && this.measured[index & this.mask] === 1;
  }

  /** Whether a cell is no example of its time of the week; for a future one, whether it is on a holiday. */
  isApart(index: number): boolean {
    return index < this.length ? this.apart[index & this.mask] === 1 : this.isHoliday(index);
  }

  get hasHolidays(): boolean {
    return this.calendar.hasHolidays;
  }

  isHoliday(index: number): boolean {
    return this.calendar.likeAt(this.firstCell + index) >= 0;
  }

  /** Where in a cycle of so many cells a cell (also a future one) lies, by the wall clock. */
  phase(index: number, cycle: number): number {
    return modulo(this.calendar.localCell(this.firstCell + index), cycle);
  }

  /** Where in the week a cell lies, by the wall clock; a holiday lies on the day that it passes like. */
  weekPhase(index: number): number {
    const { week } = this.cycles;
    const like = this.calendar.likeAt(this.firstCell + index);
    const day = week / 7;
    // Cell 0 is on a Thursday, which is day 4 of the week.
    return like < 0 ? this.phase(index, week) : modulo(like - 4, 7) * day + this.phase(index, day);
  }

  /** Cells between two cells by the wall clock. */
  localDistance(from: number, to: number): number {
    return this.calendar.localCell(this.firstCell + to) - this.calendar.localCell(this.firstCell + from);
  }

  /**
   * Index of the newest cell on the tape that lies whole cycles (of a day or a week, in cells) before `index` by the
   * wall clock, and is no holiday or the like. For a cell on a holiday the days are counted from the last day that it
   * passes like: a week before it is that day, a day before it the day before that. -1 where the tape has none.
   */
  before(index: number, cycle: number): number {
    const like = this.calendar.likeAt(this.firstCell + index);
    if (like < 0) return this.newestBefore(index, cycle, (then) => !this.isApart(then));
    const phase = this.weekPhase(index);
    const model = this.newestBefore(
      index,
      this.cycles.week / 7,
      (then) => !this.isApart(then) && this.weekPhase(then) === phase,
    );
    return model < 0 || cycle === this.cycles.week ? model : this.newestBefore(model, cycle, () => true);
  }

  private newestBefore(index: number, cycle: number, fits: (then: number) => boolean): number {
    const oldest = Math.max(0, this.length - this.mask - 1);
    if (!(cycle > 0)) return -1;
    for (let back = cycle; ; back += cycle) {
      const then = index - back + (this.localDistance(index - back, index) - back);
      if (then < oldest) return -1;
      if (then < this.length && fits(then)) return then;
    }
  }

  private learnRange(value: number): void {
    const range = Number.isFinite(this.lastMeasured) ? this.highest - this.lowest : 0;
    this.lastMeasured = value;
    this.highest = Math.max(value, this.highest - this.forget * range);
    this.lowest = Math.min(value, this.lowest + this.forget * range);
  }

  /** Nothing goes below 0, unless the series was seen to. */
  private floor(): number {
    return this.lowest < 0 ? Number.NEGATIVE_INFINITY : 0;
  }

  /** A quantile held to what can be: not below the floor, at most four times as far from 0 as anything of late. */
  possible(value: number): number {
    if (!Number.isFinite(this.lastMeasured)) return 0;
    const farthest = 4 * Math.max(Math.abs(this.highest), Math.abs(this.lowest));
    return Math.max(this.floor(), -farthest, Math.min(farthest, value));
  }

  /** A forecast held to what can be: at most one range of the last weeks above the highest value of them. */
  plausible(value: number): number {
    if (!Number.isFinite(this.lastMeasured)) return 0;
    const range = this.highest - this.lowest;
    const held = Math.min(this.highest + range, Math.max(this.lowest - range, this.floor(), value));
    return Number.isFinite(held) ? held : this.lastMeasured;
  }

  /** Mean of the newest `count` cells. */
  recentMean(count: number): number {
    const cells = Math.min(count, this.length);
    let sum = 0;
    for (let i = this.length - cells; i < this.length; i++) sum += this.at(i);
    return cells === 0 ? 0 : sum / cells;
  }

  /** Mean of the newest day, or of all cells while there are fewer. */
  dayMean(): number {
    const { day } = this.cycles;
    if (day === 0) return this.recentMean(48);
    return this.length === 0 ? 0 : this.total / Math.min(day, this.ordinaryCells);
  }
}

function modulo(x: number, cycle: number): number {
  const rest = x % cycle;
  return rest < 0 ? rest + cycle : rest;
}
