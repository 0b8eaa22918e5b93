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
  private gapCells = 0;
  private total = 0;
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

  constructor(stepMs: number, firstCell: number) {
    this.cycles = cyclesOf(stepMs);
    this.firstCell = firstCell;
    this.holdCells = Math.max(1, this.cycles.hour);
    this.forget = 1 / (14 * Math.max(48, this.cycles.day));
    const size = 2 ** Math.ceil(Math.log2(Math.max(256, 2 * this.cycles.week + this.cycles.day + 64)));
    this.mask = size - 1;
    this.ring = new Float64Array(size);
    this.measured = new Uint8Array(size);
  }

  /** Takes the next cell: the mean of its samples, NaN when it has none, and the last of them where it is known. */
  push(value: number, latest = value): void {
    const present = Number.isFinite(value);
    this.gapCells = present ? 0 : this.gapCells + 1;
    if (present) this.learnRange(value);
    const { day } = this.cycles;
    let filled = value;
    if (!present) {
      const held = this.length > 0 ? this.at(this.length - 1) : 0;
      filled = this.gapCells > this.holdCells && day > 0 && this.length >= day ? this.at(this.length - day) : held;
    }
    this.latest = Number.isFinite(latest) ? latest : filled;
    const slot = this.length & this.mask;
    this.ring[slot] = filled;
    this.measured[slot] = present ? 1 : 0;
    this.length++;
    if (day > 0) this.total += filled - (this.length > day ? this.at(this.length - 1 - day) : 0);
  }

  /** The value of a cell, bridged where it was not measured. `index` within the last two weeks and a day. */
  at(index: number): number {
    return this.ring[index & this.mask] as number;
  }

  isMeasured(index: number): boolean {
    return index >= 0 && this.measured[index & this.mask] === 1;
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
    return this.length === 0 ? 0 : this.total / Math.min(day, this.length);
  }
}
