/** The series is too short, or has too many gaps, for a single origin. */
export class BacktestTooShortError extends Error {
  override readonly name = 'BacktestTooShortError';
  readonly cells: number;

  constructor(cells: number, horizon: number) {
    super(`no origin with ${horizon} cells after it in the test part of ${cells} cells`);
    this.cells = cells;
  }
}
