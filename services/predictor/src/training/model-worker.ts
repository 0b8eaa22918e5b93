import { type ClusterModel, trainClusterModel } from '../model/cluster-model.ts';
import { type TrainedModel, trainModel } from '../model/trained-model.ts';
import { networks } from '../tensor/index.ts';
import type { ClusterJob, ModelJob } from './model-job.ts';
import { serveJob } from './serve-job.ts';

await serveJob<ModelJob | ClusterJob, TrainedModel | ClusterModel | null>((job, onProgress) => {
  const { horizon } = job;
  if (job.kind === 'cluster') {
    return trainClusterModel(job.series, horizon, networks.train, job.warmStart, job.options, onProgress);
  }
  return trainModel(job.cells, horizon, networks.train, job.starts, job.options, onProgress);
});
