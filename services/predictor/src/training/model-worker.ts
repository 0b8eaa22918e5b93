import { type TrainedModel, trainModel } from '../model/trained-model.ts';
import { trainNetwork } from '../tensor/index.ts';
import type { ModelJob } from './model-job.ts';
import { serveJob } from './serve-job.ts';

await serveJob<ModelJob, TrainedModel>(async ({ cells, horizon, warmStart, options }, onProgress) => {
  const { model } = await trainModel(cells, horizon, trainNetwork, warmStart, options, onProgress);
  return model;
});
