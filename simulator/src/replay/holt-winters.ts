import { CellCalendar, holtWinters, Tape } from '@forescale/predictor/model';
import { PLAIN_CALENDAR } from '@forescale/shared/domain';

/** Shapes are learned in cells of this length; samples that come more rarely make longer ones. */
const CELL_MS_MIN = 300_000;

/**
 * A load as Holt-Winters alone expects it, from nothing but the values taken so far: cell means with a season of one
 * day, the smoothing that errs least lately. It knows no quantiles; what it may be off by is its user's margin.
 */
export class HoltWintersCurve {
  readonly #cellMs: number;
  readonly #tape: Tape;
  readonly #model: ReturnType<typeof holtWinters.create>;
  readonly #ahead: Float64Array;
  #cell: number;
  #sum = 0;
  #count = 0;
  #isStale = true;

  /** `aheadMs`: how far it will be asked at most. */
  constructor(startMs: number, sampleMs: number, aheadMs: number) {
    this.#cellMs = Math.max(CELL_MS_MIN, sampleMs);
    this.#cell = Math.floor(startMs / this.#cellMs);
    const calendar = new CellCalendar(PLAIN_CALENDAR, this.#cellMs);
    const emptyTape = () => new Tape(this.#cellMs, this.#cell, calendar);
    this.#tape = emptyTape();
    const cells = Math.ceil(aheadMs / this.#cellMs) + 2;
    this.#model = holtWinters.create({ tape: this.#tape, horizon: cells, logOffset: 1, emptyTape });
    this.#ahead = new Float64Array(cells);
  }

  /** Takes the next value; times ascend. */
  take(timeMs: number, value: number): void {
    for (const cell = Math.floor(timeMs / this.#cellMs); this.#cell < cell; this.#cell++) {
      this.#tape.push(this.#count > 0 ? this.#sum / this.#count : Number.NaN);
      this.#model.learn();
      this.#sum = 0;
      this.#count = 0;
      this.#isStale = true;
    }
    this.#sum += value;
    this.#count++;
  }

  /** The expected value at a time after the newest one taken; null while no cell is full. */
  at(timeMs: number): number | null {
    if (this.#tape.length === 0) return null;
    if (this.#isStale) this.#model.predict(this.#ahead);
    this.#isStale = false;
    // A cell's mean belongs to its middle: between two of them lies a straight line.
    const position = timeMs / this.#cellMs - 0.5 - this.#cell;
    const low = Math.min(this.#ahead.length - 1, Math.max(0, Math.floor(position)));
    const from = this.#ahead[low] as number;
    const to = this.#ahead[Math.min(this.#ahead.length - 1, low + 1)] as number;
    return from + (to - from) * Math.min(1, Math.max(0, position - low));
  }
}
