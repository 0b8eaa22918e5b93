import type { Cells } from './cells.ts';

/** Cells of the last weeks, from which a forecaster trains and rebuilds itself; older ones are let go. */
export class CellStore {
  private readonly stepMs: number;
  private readonly capacity: number;
  private firstCell = 0;
  private length = 0;
  private means: Float64Array;
  private latest: Float64Array;

  constructor(stepMs: number, capacity: number) {
    this.stepMs = stepMs;
    this.capacity = capacity;
    this.means = new Float64Array(64);
    this.latest = new Float64Array(64);
  }

  /** Cells must be pushed without a gap in their numbers; a new start drops what was there. */
  push(cell: number, mean: number, latest: number): void {
    if (this.length > 0 && cell !== this.firstCell + this.length) this.length = 0;
    if (this.length === 0) this.firstCell = cell;
    if (this.length === this.means.length) this.makeRoom();
    this.means[this.length] = mean;
    this.latest[this.length] = latest;
    this.length++;
  }

  /** A copy, free to be sent to another thread. */
  cells(): Cells {
    const from = Math.max(0, this.length - this.capacity);
    return {
      stepMs: this.stepMs,
      firstCell: this.firstCell + from,
      means: this.means.slice(from, this.length),
      latest: this.latest.slice(from, this.length),
    };
  }

  private makeRoom(): void {
    const drop = Math.max(0, this.length - this.capacity);
    const size = drop > 0 ? this.means.length : Math.min(2 * this.length, Math.ceil(1.25 * this.capacity));
    const moved = (old: Float64Array) => {
      const grown = new Float64Array(size);
      grown.set(old.subarray(drop, this.length));
      return grown;
    };
    this.means = moved(this.means);
    this.latest = moved(this.latest);
    this.firstCell += drop;
    this.length -= drop;
  }
}
