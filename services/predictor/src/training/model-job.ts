import type { NetworkStart, TrainedModel, TrainOptions } from '../model/trained-model.ts';
import type { TrainingSeries } from '../model/training-series.ts';
import type { JobOptions, Trainer } from './trainer.ts';

/** One model to be trained, as it is sent to a worker: the arguments of `trainModel` that survive the journey. */
export interface ModelJob extends TrainingSeries {
  /** Networks to begin with; the best of them is gone on with. */
  readonly starts: readonly NetworkStart[];
  readonly options: TrainOptions;
}

/** The worker that trains a `ModelJob` and answers with the `TrainedModel`. */
export const MODEL_WORKER_URL = new URL('./model-worker.ts', import.meta.url);

/**
 * Trains a model in a worker thread. The cells are copied once and the copies moved there: as views on a longer
 * history they would otherwise drag all of it along.
 */
export function trainModelIn(
  trainer: Trainer<ModelJob, TrainedModel>,
  job: ModelJob,
  options: Omit<JobOptions, 'transfer'> = {},
): Promise<TrainedModel> {
  const means = job.cells.means.slice();
  const latest = job.cells.latest.slice();
  return trainer.run(
    { ...job, cells: { ...job.cells, means, latest } },
    { ...options, transfer: [means.buffer, latest.buffer] },
  );
}
