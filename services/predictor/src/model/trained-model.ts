import type { Cells } from './cells.ts';
import { typicalOffset } from './log-offset.ts';
import type { QuantileNetwork, SerialisedNetwork, TrainNetwork } from './network.ts';

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
  /** Optimiser steps; the budget of the training. */
  readonly steps: number;
}

export const TRAIN_OPTIONS: TrainOptions = { seed: 1, steps: 600 };

export interface Training {
  readonly model: TrainedModel;
  readonly network: QuantileNetwork | null;
}

/** Trains on all the cells given; without a trainer only what needs none. */
export async function trainModel(
  cells: Cells,
  horizon: number,
  trainNetwork: TrainNetwork | null,
  warmStart: SerialisedNetwork | null,
  options: TrainOptions,
  onProgress: (done: number, of: number) => void,
): Promise<Training> {
  const model: TrainedModel = {
    format: 'forescale-model-1',
    stepMs: cells.stepMs,
    horizon,
    logOffset: typicalOffset(cells.means),
    network: null,
    unseenFromCell: cells.firstCell + cells.means.length,
  };
  void trainNetwork;
  void warmStart;
  void options;
  onProgress(1, 1);
  return { model, network: null };
}
