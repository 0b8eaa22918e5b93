/**
 * What the forecasting core asks of a trainer of neural networks: "matrix in, quantile heads out". The core builds
 * the features and knows nothing of tensors; an adapter trains with whatever backend the machine has.
 */

/** A regression problem. Rows are independent; inputs and targets are already normalised (about -10 to 10). */
export interface QuantileDataset {
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  /** rows x inputs, row after row; finite. */
  readonly x: Float32Array;
  /** rows x outputs; NaN marks an absent target, which is masked out of the loss. Rows are in order of time. */
  readonly y: Float32Array;
}

export interface NetworkOptions {
  /** Ascending, within (0, 1). */
  readonly levels: readonly number[];
  /** Units of the hidden layers, for example [128, 128]. */
  readonly hidden: readonly number[];
  /** Optimiser steps: a budget in steps, not seconds, keeps training repeatable. */
  readonly steps: number;
  /**
   * From the start of the training: when that much time has passed it ends with the best weights so far, at the step
   * that the machine had reached. Null, or a budget that is not used up, leaves the result to the steps alone.
   */
  readonly budgetMs: number | null;
  readonly batch: number;
  readonly learningRate: number;
  readonly seed: number;
  /** Share of the rows, the last ones, on which early stopping is judged; 0 trains on all of them. */
  readonly validationShare: number;
}

/** One array of weights: little-endian float32 in base64, so that a model survives JSON. */
export interface SerialisedTensor {
  /** `hidden0/kernel`, `hidden0/bias`, `hidden1/kernel`, …, `head/kernel`, `head/bias`, `skip/kernel`. */
  readonly name: string;
  /** [rows, columns] of a kernel, [columns] of a bias. */
  readonly shape: readonly number[];
  readonly data: string;
}

/**
 * A trained network as a plain object. Its function is fixed, so that any backend, or none, can run it:
 * `a_0 = x`, `a_k = relu(a_(k-1) · hidden_k/kernel + hidden_k/bias)`, `raw = a_last · head/kernel + head/bias +
 * x · skip/kernel`, of length outputs x levels (level fastest), then sorted ascending within each output.
 */
export interface SerialisedNetwork {
  readonly format: 'quantile-mlp-1';
  readonly inputs: number;
  readonly outputs: number;
  readonly levels: readonly number[];
  readonly hidden: readonly number[];
  readonly tensors: readonly SerialisedTensor[];
}

export interface QuantileNetwork {
  readonly inputs: number;
  readonly outputs: number;
  readonly levels: readonly number[];
  /** Rows x inputs in, rows x outputs x levels out; values never fall as the level rises. */
  predict(x: Float32Array, rows: number): Float32Array;
  serialise(): SerialisedNetwork;
}

/**
 * Trains on `data`, from the best of `warmStarts` whose shapes fit, or afresh.
 * `onProgress` is told the steps done.
 */
export type TrainNetwork = (
  data: QuantileDataset,
  options: NetworkOptions,
  warmStarts: readonly SerialisedNetwork[],
  onProgress: (done: number, of: number) => void,
) => Promise<QuantileNetwork>;

/** Makes a saved network ready to predict, without any backend. Throws when it is damaged. */
export type LoadNetwork = (saved: SerialisedNetwork) => QuantileNetwork;

/** The two together: what a forecaster needs to have networks at all. */
export interface Networks {
  readonly train: TrainNetwork;
  readonly load: LoadNetwork;
}
