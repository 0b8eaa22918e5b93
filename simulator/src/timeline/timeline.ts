interface Due {
  readonly atMs: number;
  readonly act: () => void;
}

/** More actions at one instant than any real simulation has: something schedules itself for "now" forever. */
const ACTIONS_PER_INSTANT_MAX = 1_000_000;

/**
 * Virtual time with a list of what is due. Time moves only in `advanceTo`, and stops at every instant at which
 * something is due, so that what happens does not depend on how large the steps are.
 */
export class Timeline {
  #nowMs: number;
  /** Ascending by time; equal times in the order in which they were asked for. */
  readonly #due: Due[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Asks for `act` at `atMs`, at the earliest now. */
  at(atMs: number, act: () => void): void {
    const due = { atMs: Math.max(atMs, this.#nowMs), act };
    let low = 0;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#due[middle] as Due).atMs > due.atMs) high = middle;
      else low = middle + 1;
    }
    this.#due.splice(low, 0, due);
  }

  after(delayMs: number, act: () => void): void {
    this.at(this.#nowMs + delayMs, act);
  }

  /**
   * Moves to `timeMs`. `elapse` is told of every stretch in which nothing happens, before time passes it;
   * `settle` runs after all actions of one instant, and once more at the end.
   */
  advanceTo(timeMs: number, settle: () => void, elapse: (fromMs: number, toMs: number) => void): void {
    if (!(timeMs >= this.#nowMs)) {
      throw new RangeError(`time cannot go back from ${this.#nowMs} to ${timeMs}`);
    }
    for (let next = this.#due[0]; next !== undefined && next.atMs <= timeMs; next = this.#due[0]) {
      this.#moveTo(next.atMs, elapse);
      this.#actAllDueNow();
      settle();
    }
    this.#moveTo(timeMs, elapse);
    settle();
  }

  #moveTo(timeMs: number, elapse: (fromMs: number, toMs: number) => void): void {
    if (timeMs > this.#nowMs) elapse(this.#nowMs, timeMs);
    this.#nowMs = timeMs;
  }

  #actAllDueNow(): void {
    for (let acted = 0; (this.#due[0]?.atMs ?? Number.POSITIVE_INFINITY) <= this.#nowMs; acted++) {
      if (acted >= ACTIONS_PER_INSTANT_MAX) throw new Error(`time stands still at ${this.#nowMs}`);
      this.#due.shift()?.act();
    }
  }
}
