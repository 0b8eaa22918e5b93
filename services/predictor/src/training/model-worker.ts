import { type TrainedModel, trainModel } from '../model/trained-model.ts';
import { networks } from '../tensor/index.ts';
import type { ModelJob } from './model-job.ts';
import { serveJob } from './serve-job.ts';

await serveJob<ModelJob, TrainedModel>(({ starts, options, ...series }, onProgress) =>
  trainModel(series, networks.train, starts, options, onProgress),
);
