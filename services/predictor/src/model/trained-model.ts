import type { Cells } from './cells.ts';
import type { QuantileDataset, SerialisedNetwork, TrainNetwork } from './network.ts';
import { networkInputs } from './network-features.ts';
import { NETWORK_HIDDEN, NETWORK_LEVELS } from './network-member.ts';
import { rowsWithin, writeRows } from './network-rows.ts';
import type { ShapeOptions } from './shape.ts';
import { shapeOf, type TrainingSeries } from './training-series.ts';

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

/** A network to begin with: the series' own last one (a `TrainedModel`), or that of its cluster. */
export interface NetworkStart {
  readonly network: SerialisedNetwork | null;
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

/** The newest part, kept out of training: early stopping and the first judgement of the network are made on it. */
const UNSEEN_SHARE = 0.2;
/** With fewer rows a network learns nothing that ridge regression does not know. */
const ROWS_MIN = 500;
const ROWS_MAX = 8_000;

/**
 * Trains on all the cells given, from the best of `starts` on the newest part of them; that start itself is the result
 * when training does not better it. With a short history, or one with few cells, the first start goes on as it is:
 * so a new series begins with the network of its cluster. Without a trainer there is no network.
 */
export async function trainModel(
  series: TrainingSeries,
  trainNetwork: TrainNetwork | null,
  starts: readonly NetworkStart[],
  options: TrainOptions,
  onProgress: (done: number, of: number) => void,
): Promise<TrainedModel> {
  const { cells, horizon } = series;
  const shape = shapeOf(series);
  const { stepMs, firstCell, logOffset } = shape;
  const untrained = { format: 'forescale-model-1', stepMs, horizon, logOffset } as const;
  const rows = Math.min(rowsWithin(ROWS_MAX, horizon), cells.means.length - Math.ceil(cells.means.length / 8));
  const data = trainNetwork && rows >= ROWS_MIN ? datasetOf(cells, shape, rows) : null;
  if (!trainNetwork || !data || rowsToLearnFrom(data) < ROWS_MIN * (1 - UNSEEN_SHARE)) {
    onProgress(1, 1);
    const [start] = trainNetwork ? starts : [];
    const unseenFromCell = start?.network ? start.unseenFromCell : firstCell + cells.means.length;
    return { ...untrained, network: start?.network ?? null, unseenFromCell };
  }
  const network = await trainNetwork(
    data,
    {
      levels: NETWORK_LEVELS,
      hidden: NETWORK_HIDDEN,
      steps: options.steps,
      budgetMs: options.budgetMs,
      batch: 256,
      learningRate: 2e-3,
      seed: options.seed,
      validationShare: UNSEEN_SHARE,
    },
    starts.flatMap((start) => start.network ?? []),
    onProgress,
  );
  const unseenFromCell = firstCell + cells.means.length - Math.floor(rows * UNSEEN_SHARE);
  return { ...untrained, network: network.serialise(), unseenFromCell };
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
function datasetOf(cells: Cells, shape: ShapeOptions, rows: number): QuantileDataset {
  const inputs = networkInputs(shape.horizon);
  const x = new Float32Array(rows * inputs);
  const y = new Float32Array(rows * shape.horizon).fill(Number.NaN);
  const firstRow = cells.means.length - rows;
  writeRows(cells, shape, (index) => (index < firstRow ? -1 : index - firstRow), { x, y });
  return { rows, inputs, outputs: shape.horizon, x, y };
}
