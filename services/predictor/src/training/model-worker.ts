import { type ClusterModel, trainClusterModel } from '../model/cluster-model.ts';
import { type TrainedModel, trainModel } from '../model/trained-model.ts';
import { networks } from '../tensor/index.ts';
import type { ClusterJob, ModelJob } from './model-job.ts';
import { serveJob } from './serve-job.ts';

await serveJob<ModelJob | ClusterJob, TrainedModel | ClusterModel | null>((job, onProgress) =>
  job.kind === 'cluster'
    ? trainClusterModel(job.series, networks.train, job.warmStart, job.options, onProgress)
    : trainModel(job, networks.train, job.starts, job.options, onProgress),
);
