import type { Cells } from './cells.ts';
import { typicalOffset } from './log-offset.ts';
import type { QuantileDataset, QuantileNetwork, SerialisedNetwork, TrainNetwork } from './network.ts';
import { NETWORK_LEVELS } from './network-member.ts';
import { createBasis, type ShapeOptions } from './shape.ts';

/**
 * What training leaves behind: a plain object that survives JSON and `postMessage`. Everything else that a forecaster
 * knows (coefficients, weights, calibration) it learns from the cells themselves as they pass.
 */
export interface TrainedModel {
  readonly format: 'forescale-model-1';
  /** The grid and the cells ahead that it was trained for; of no use to others. */
  readonly stepMs: number;
  readonly horizon: number;
  readonly logOffset: number;
  readonly network: SerialisedNetwork | null;
  /** Epoch-aligned number of the first cell that the network was not trained on: only from here is it judged. */
  readonly unseenFromCell: number;
}

export interface TrainOptions {
  readonly seed: number;
  /** Optimiser steps; the budget of the training where the result must be repeatable. */
  readonly steps: number;
  /** Time for the optimiser, after which it ends with what it has; null: as long as its steps take. */
  readonly budgetMs: number | null;
}

export const TRAIN_OPTIONS: TrainOptions = { seed: 1, steps: 800, budgetMs: null };

export interface Training {
  readonly model: TrainedModel;
  readonly network: QuantileNetwork | null;
}

/** The newest part, kept out of training: early stopping and the first judgement of the network are made on it. */
const UNSEEN_SHARE = 0.2;
/** With fewer rows a network learns nothing that ridge regression does not know. */
const ROWS_MIN = 500;
const ROWS_MAX = 8_000;

/** Trains on all the cells given; without a trainer, or with a short history or one with few cells, only what needs none. */
export async function trainModel(
  cells: Cells,
  horizon: number,
  trainNetwork: TrainNetwork | null,
  warmStart: SerialisedNetwork | null,
  options: TrainOptions,
  onProgress: (done: number, of: number) => void,
): Promise<Training> {
  const { stepMs, firstCell } = cells;
  const logOffset = typicalOffset(cells.means);
  const untrained = { format: 'forescale-model-1', stepMs, horizon, logOffset } as const;
  const rows = Math.min(ROWS_MAX, cells.means.length - Math.ceil(cells.means.length / 8));
  const data =
    trainNetwork && rows >= ROWS_MIN ? datasetOf(cells, { stepMs, firstCell, horizon, logOffset }, rows) : null;
  if (!trainNetwork || !data || rowsToLearnFrom(data) < ROWS_MIN * (1 - UNSEEN_SHARE)) {
    onProgress(1, 1);
    return { model: { ...untrained, network: null, unseenFromCell: firstCell + cells.means.length }, network: null };
  }
  const network = await trainNetwork(
    data,
    {
      levels: NETWORK_LEVELS,
      hidden: [64, 64],
      steps: options.steps,
      budgetMs: options.budgetMs,
      batch: 256,
      learningRate: 2e-3,
      seed: options.seed,
      validationShare: UNSEEN_SHARE,
    },
    warmStart,
    onProgress,
  );
  const unseenFromCell = firstCell + cells.means.length - Math.floor(rows * UNSEEN_SHARE);
  return { model: { ...untrained, network: network.serialise(), unseenFromCell }, network };
}

/** Rows of the part that is trained on with any target at all: in a gap of the history there is none. */
function rowsToLearnFrom({ rows, outputs, y }: QuantileDataset): number {
  let known = 0;
  for (let row = 0; row < rows - Math.floor(rows * UNSEEN_SHARE); row++) {
    if (y.subarray(row * outputs, (row + 1) * outputs).some(Number.isFinite)) known++;
  }
  return known;
}

/** One row for each of the last `rows` cells; what lies beyond the last cell is NaN. */
function datasetOf(cells: Cells, options: ShapeOptions, rows: number): QuantileDataset {
  const { tape, members, features } = createBasis(options);
  const { horizon } = options;
  const { inputs } = features;
  const x = new Float32Array(rows * inputs);
  const y = new Float32Array(rows * horizon).fill(Number.NaN);
  const firstRow = cells.means.length - rows;
  for (let i = 0; i < cells.means.length; i++) {
    tape.push(cells.means[i] as number, cells.latest[i] as number);
    for (const member of members) member.learn();
    for (let ahead = 1; ahead <= horizon; ahead++) {
      const row = i - ahead - firstRow;
      if (row >= 0) y[row * horizon + ahead - 1] = features.targetFor(ahead);
    }
    features.learn();
    if (i >= firstRow) features.fill(x, (i - firstRow) * inputs);
  }
  return { rows, inputs, outputs: horizon, x, y };
}
