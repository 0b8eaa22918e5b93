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
