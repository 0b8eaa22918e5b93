import { setImmediate } from 'node:timers/promises';
import { seededRandom } from '@forescale/shared/time';
import type {
  NetworkOptions,
  QuantileDataset,
  QuantileNetwork,
  SerialisedNetwork,
  TrainNetwork,
} from '../model/network.ts';
import { currentBackend } from './backend.ts';
import { type Batch, gather, rowsWithTargets, ShuffledBatches, thin } from './batches.ts';
import { BestWeights } from './best-weights.ts';
import { decodeNetwork } from './codec.ts';
import { checkTraining } from './dataset-check.ts';
import { DatasetError, TrainingDivergedError } from './errors.ts';
import { initialWeights } from './initial-weights.ts';
import { pinball } from './pinball.ts';
import { plainNetwork } from './plain-network.ts';
import { TensorNetwork } from './tensor-network.ts';
import { type NetworkShape, sameShape, type Weights } from './weights.ts';

/** Of all steps, the share in which the learning rate rises from 0; then it follows half a cosine back to 0. */
const WARM_UP_SHARE = 0.05;

type OnProgress = (done: number, of: number) => void;

/** How often, spread over the steps, the validation slice is looked at, and after how many looks without gain we stop. */
const EVALUATIONS = 20;
const PATIENCE = 8;

/** Validation rows, evenly spaced: 20 looks at 2,048 rows cost as much as 15,000 rows of training. */
const VALIDATION_ROWS_MAX = 2_048;

/** Steps of 2 to 10 ms between two pauses in which timers and messages get their turn. */
const STEPS_PER_TURN = 4;

/**
 * Trains a quantile network on the current backend: pinball loss with absent targets masked, Adam.
 *
 * The same data, options and backend give the same weights to the bit, unless `budgetMs` ends it before its steps
 * are done; at least one is made. With a validation slice, the weights that did best on it are kept, those to start
 * from included, so a warm start never makes things worse there; of several, training goes on from the best. A warm
 * start of another shape is left aside. Rejects
 * with `DatasetError`, `TrainingDivergedError`, `NoBackendError`, or `NetworkFormatError` for a damaged warm start.
 */
export const trainNetwork: TrainNetwork = createTrainNetwork(() => performance.now());

/** `trainNetwork` by another clock: `monotonicMs` counts milliseconds from any moment and never goes back. */
export function createTrainNetwork(monotonicMs: () => number): TrainNetwork {
  return (data, options, warmStarts, onProgress) => {
    const endMs = options.budgetMs === null ? null : monotonicMs() + options.budgetMs;
    return train(data, options, warmStarts, onProgress, () => endMs !== null && monotonicMs() >= endMs);
  };
}

async function train(
  data: QuantileDataset,
  options: NetworkOptions,
  warmStarts: readonly SerialisedNetwork[],
  onProgress: OnProgress,
  isTimeUp: () => boolean,
): Promise<QuantileNetwork> {
  checkTraining(data, options);
  await currentBackend();
  const random = seededRandom(options.seed);
  const shape: NetworkShape = { ...options, inputs: data.inputs, outputs: data.outputs };

  const trainRows = data.rows - Math.floor(data.rows * options.validationShare);
  const batches = new ShuffledBatches(data, rowsWithTargets(data, 0, trainRows), options.batch, random);
  if (batches.rows === 0) throw new DatasetError('y', 'has no target in the rows to train on');
  const held = thin(rowsWithTargets(data, trainRows, data.rows), VALIDATION_ROWS_MAX);

  const validation = gather(data, held);
  const fitting = warmStarts.filter((warm) => sameShape(warm, shape)).map(decodeNetwork);
  const start = bestOf(fitting, shape, validation) ?? initialWeights(shape, data, random);

  const network = new TensorNetwork(shape, start);
  try {
    const best = new BestWeights(network, validation, options.levels);
    await optimise(network, batches, best, options, onProgress, isTimeUp);
    // The very last step can still have spoilt them, where no validation row would tell.
    if (![...best.weights().values()].every((values) => values.every(Number.isFinite))) {
      throw new TrainingDivergedError(options.steps);
    }
    return plainNetwork(shape, best.weights());
  } finally {
    network.dispose();
  }
}

/** Of several weights those that do best on the validation rows, the first of equal ones; null of none. */
function bestOf(candidates: readonly Weights[], shape: NetworkShape, { x, y, rows }: Batch): Weights | null {
  if (candidates.length < 2 || rows === 0) return candidates[0] ?? null;
  const losses = candidates.map(
    (weights) => pinball(plainNetwork(shape, weights).predict(x, rows), y, shape.levels, null).sum,
  );
  return candidates[losses.indexOf(Math.min(...losses))] ?? null;
}

async function optimise(
  network: TensorNetwork,
  batches: ShuffledBatches,
  best: BestWeights,
  { steps, learningRate }: NetworkOptions,
  onProgress: OnProgress,
  isTimeUp: () => boolean,
): Promise<void> {
  const evaluateEvery = Math.max(1, Math.round(steps / EVALUATIONS));
  for (let step = 0; step < steps; step++) {
    const { x, y, rows } = batches.next();
    const loss = network.step(x, y, rows, learningRate * scheduled(step, steps));
    if (!Number.isFinite(loss)) throw new TrainingDivergedError(step);
    const done = step + 1;
    const timeUp = isTimeUp();
    if (done % evaluateEvery === 0 || done === steps || timeUp) {
      best.evaluate();
      const isOver = timeUp || best.evaluationsWithoutGain >= PATIENCE;
      onProgress(isOver ? steps : done, steps);
      if (isOver) return;
    }
    if (done % STEPS_PER_TURN === 0) await setImmediate();
  }
}

/** Factor on the learning rate: linear to 1 in the warm-up, then (1 + cos) / 2 down to 0. */
function scheduled(step: number, steps: number): number {
  const warmUp = Math.ceil(WARM_UP_SHARE * steps);
  if (step < warmUp) return (step + 1) / warmUp;
  return (1 + Math.cos((Math.PI * (step - warmUp)) / Math.max(1, steps - warmUp))) / 2;
}
