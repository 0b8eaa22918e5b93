import type { TrainingReason } from '@forescale/shared/wire';

/** What is known of a model and of what it could be trained on. Times are epoch milliseconds. */
export interface ModelAge {
  /** When the newest model was made; null while there is none. */
  readonly trainedMs: number | null;
  /** Cells of history that it was trained on. */
  readonly trainedCells: number;
  /** Cells of history now, and of a full one. */
  readonly cells: number;
  readonly cellsMax: number;
  /** It has no network, and all series have one in common since. */
  readonly isOffered: boolean;
  /** Forecasts have become worse for good. */
  readonly drifted: boolean;
}

/** Twice the history is worth a training; less is left to the schedule. */
const MUCH_MORE = 2;

/** Why a model is to be trained now; null when it is not. */
export function reasonToTrain(age: ModelAge, nowMs: number, retrainEveryMs: number): TrainingReason | null {
  const { trainedMs, trainedCells, cells, cellsMax, isOffered, drifted } = age;
  if (trainedMs === null || isOffered) return 'first';
  if (drifted) return 'drift';
  const known = Math.min(cells, cellsMax);
  if (known > trainedCells && known >= MUCH_MORE * trainedCells) return 'data';
  return nowMs - trainedMs >= retrainEveryMs ? 'schedule' : null;
}
