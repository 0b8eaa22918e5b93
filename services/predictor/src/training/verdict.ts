const HALF_DAY_MS = 43_200_000;

/** A new network this much worse than the one before goes; seeds alone differ by 2 %. */
const WORSE_RATIO = 1.05;

/** A new network against the one before on the same cells, all of them newer than the training. */
export interface Trial {
  readonly cells: number;
  /** Error of the new one over that of the one before. */
  readonly ratio: number;
}

/** Whether the new model stays; null while there are too few cells to tell. */
export function verdictOn(trial: Trial, stepMs: number): 'keep' | 'reject' | null {
  if (trial.cells * stepMs < HALF_DAY_MS) return null;
  // Not a number: neither was ever wrong.
  return trial.ratio > WORSE_RATIO ? 'reject' : 'keep';
}
