import { type ModelKey, modelName } from '@forescale/shared/domain';

/** The job took longer than `timeoutMs` and was ended. */
export class TrainingTimeoutError extends Error {
  override readonly name = 'TrainingTimeoutError';
  readonly timeoutMs: number;

  constructor(timeoutMs: number) {
    super(`training took longer than ${timeoutMs} ms`);
    this.timeoutMs = timeoutMs;
  }
}

/** Whoever asked for the job gave it up. */
export class TrainingAbortedError extends Error {
  override readonly name = 'TrainingAbortedError';
}

/** All workers are busy: ask again when one of the running jobs has ended. */
export class TrainerBusyError extends Error {
  override readonly name = 'TrainerBusyError';
}

/** The job threw, ran out of memory or ended without a result. `causeName` is the name of the worker's own error. */
export class TrainingFailedError extends Error {
  override readonly name = 'TrainingFailedError';
  readonly causeName: string;

  constructor(causeName: string, message: string) {
    super(`${causeName}: ${message}`);
    this.causeName = causeName;
  }
}

/** There is no such version of the model to go back to. */
export class ModelNotFoundError extends Error {
  override readonly name = 'ModelNotFoundError';
}

/** A saved model is incomplete, changed or not readable; the message names the file. */
export class ModelCorruptError extends Error {
  override readonly name = 'ModelCorruptError';
}

/** Why a version was passed over, as a line for the log. */
export function refusalOf(
  key: ModelKey,
  version: number,
  error: unknown,
): { readonly version: number; readonly why: string } {
  const reason = error instanceof Error ? error.message : String(error);
  return { version, why: `model ${modelName(key)} version ${version} refused: ${reason}` };
}
