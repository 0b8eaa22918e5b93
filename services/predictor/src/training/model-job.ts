import type { Cells } from '../model/cells.ts';
import type { ClusterModel, ClusterTrainOptions } from '../model/cluster-model.ts';
import type { NetworkStart, TrainedModel, TrainOptions } from '../model/trained-model.ts';
import type { TrainingSeries } from '../model/training-series.ts';
import type { JobOptions, Trainer } from './trainer.ts';

/** One model to be trained, as it is sent to a worker: the arguments of `trainModel` that survive the journey. */
export interface ModelJob extends TrainingSeries {
  readonly kind: 'series';
  /** Networks to begin with; the best of them is gone on with. */
  readonly starts: readonly NetworkStart[];
  readonly options: TrainOptions;
}

/** The arguments of `trainClusterModel` that survive the journey. */
export interface ClusterJob {
  readonly kind: 'cluster';
  readonly series: readonly TrainingSeries[];
  readonly warmStart: ClusterModel | null;
  readonly options: ClusterTrainOptions;
}

export type ModelTrainer = Trainer<ModelJob | ClusterJob, TrainedModel | ClusterModel | null>;

/** The worker that trains either job. */
export const MODEL_WORKER_URL = new URL('./model-worker.ts', import.meta.url);

/**
 * Trains a model in a worker thread. The cells are copied once and the copies moved there: as views on a longer
 * history they would otherwise drag all of it along.
 */
export async function trainModelIn(
  trainer: ModelTrainer,
  job: ModelJob,
  options: Omit<JobOptions, 'transfer'> = {},
): Promise<TrainedModel> {
  const cells = copyOf(job.cells);
  return (await trainer.run({ ...job, cells }, { ...options, transfer: buffersOf([cells]) })) as TrainedModel;
}

/** As `trainModelIn`; null when all series together have too little to learn from. */
export async function trainClusterIn(
  trainer: ModelTrainer,
  job: ClusterJob,
  options: Omit<JobOptions, 'transfer'> = {},
): Promise<ClusterModel | null> {
  const series = job.series.map((one) => ({ ...one, cells: copyOf(one.cells) }));
  const transfer = buffersOf(series.map(({ cells }) => cells));
  return (await trainer.run({ ...job, series }, { ...options, transfer })) as ClusterModel | null;
}

function copyOf(cells: Cells): Cells {
  return { ...cells, means: cells.means.slice(), latest: cells.latest.slice() };
}

function buffersOf(series: readonly Cells[]): ArrayBuffer[] {
  return series.flatMap(({ means, latest }) => [means.buffer as ArrayBuffer, latest.buffer as ArrayBuffer]);
}
