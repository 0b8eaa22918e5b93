/** The data or the options cannot be trained on: `field` says which, `message` why. Trying again does not help. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly field: string;

  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.field = field;
  }
}

/** The loss left the finite numbers at `step`. */
export class TrainingDivergedError extends Error {
  override readonly name = 'TrainingDivergedError';
  readonly step: number;

  constructor(step: number) {
    super(`the loss was not finite at step ${step}`);
    this.step = step;
  }
}

/** A saved network is not one that this version can read: another format, another shape, or damaged weights. */
export class NetworkFormatError extends Error {
  override readonly name = 'NetworkFormatError';
}

/** No TensorFlow.js backend works on this machine; `reasons` has one line for each that was tried. */
export class NoBackendError extends Error {
  override readonly name = 'NoBackendError';
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(`no TensorFlow.js backend works: ${reasons.join('; ')}`);
    this.reasons = reasons;
  }
}
