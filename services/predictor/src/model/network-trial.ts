import type { StreamingMember } from './member.ts';
import type { Tape } from './tape.ts';

/** How a new network has done against the one before it, since it was adopted. */
export interface TrialResult {
  /** Cells that both forecast and that came since. */
  readonly cells: number;
  /** Mean absolute error of the new network over that of the one before, on the same cells and leads. */
  readonly ratio: number;
}

/**
 * Lets the network before go on beside its successor, on live cells that neither has seen: validation can flatter, a
 * load that has changed since cannot. Takes no part in the forecast.
 */
export class NetworkTrial {
  private readonly tape: Tape;
  private readonly horizon: number;
  private readonly rivals: readonly [fresh: StreamingMember, previous: StreamingMember];
  /** What each said at the last cells: [slot][rival][ahead]. */
  private readonly said: Float64Array;
  private readonly out: Float64Array;
  private readonly errors: [fresh: number, previous: number] = [0, 0];
  private readonly begun: number;
  private cells = 0;

  /** `fresh` and `previous` have taken all cells that the tape has; only their `predict` is called. */
  constructor(tape: Tape, horizon: number, fresh: StreamingMember, previous: StreamingMember) {
    this.tape = tape;
    this.horizon = horizon;
    this.rivals = [fresh, previous];
    this.said = new Float64Array(horizon * 2 * horizon);
    this.out = new Float64Array(horizon);
    this.begun = tape.length - 1;
    this.ask();
  }

  /** To be called when the tape and the members have taken a cell. */
  follow(): void {
    const { tape, horizon } = this;
    const now = tape.length - 1;
    if (tape.isMeasured(now)) {
      for (let ahead = 1; ahead <= Math.min(horizon, now - this.begun); ahead++) this.judge(now, ahead);
      this.cells++;
    }
    this.ask();
  }

  private judge(now: number, ahead: number): void {
    const origin = now - ahead;
    if (!this.tape.isMeasured(origin)) return;
    for (const rival of [0, 1] as const) {
      const at = ((origin % this.horizon) * 2 + rival) * this.horizon + ahead - 1;
      this.errors[rival] += Math.abs(this.tape.at(now) - (this.said[at] as number));
    }
  }

  private ask(): void {
    const slot = (this.tape.length - 1) % this.horizon;
    for (const rival of [0, 1] as const) {
      this.rivals[rival].predict(this.out);
      for (let i = 0; i < this.horizon; i++) this.out[i] = this.tape.plausible(this.out[i] as number);
      this.said.set(this.out, (slot * 2 + rival) * this.horizon);
    }
  }

  result(): TrialResult {
    const [fresh, previous] = this.errors;
    return { cells: this.cells, ratio: (fresh + 1e-12) / (previous + 1e-12) };
  }
}
