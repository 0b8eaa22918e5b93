import type { Tape } from './tape.ts';

/**
 * One way to forecast, fed cell by cell from a tape that it shares with others. It sees nothing but what the tape has
 * taken, so that its past forecasts, kept by whoever asks, are honest ones. Answers from the first cell on.
 */
export interface StreamingMember {
  readonly name: string;
  /** Index on the tape of the first cell that it was not trained on; earlier forecasts say nothing about it. */
  readonly unseenFrom?: number;
  /** Learns from the cell that the tape took last. Called once for each. */
  learn(): void;
  /** Writes the expected values of the next `out.length` cells; always finite. */
  predict(out: Float64Array): void;
}

/** What a member is made for. */
export interface MemberPlace {
  /** What it looks back on, and learns from. */
  readonly tape: Tape;
  /** Cells to forecast. */
  readonly horizon: number;
  /** What is added before taking logarithms, in the unit of the series; positive. */
  readonly logOffset: number;
  /** A second, empty tape of the same cells and calendar, for a member that sees the load transformed. */
  readonly emptyTape: () => Tape;
}

/** A rung of the ladder: each member's file exports one, and `ladder.ts` lists them. */
export interface MemberSpec<Name extends string = string> {
  readonly name: Name;
  create(place: MemberPlace): StreamingMember;
}
