export {
  ModelNotFoundError,
  TrainerBusyError,
  TrainingAbortedError,
  TrainingFailedError,
  TrainingTimeoutError,
} from './errors.ts';
export type { OnProgress } from './messages.ts';
export { MODEL_WORKER_URL, type ModelJob, trainModelIn } from './model-job.ts';
export { type LoadedModel, type ModelKey, ModelRegistry, type RegisteredModel } from './registry.ts';
export { serveJob } from './serve-job.ts';
export { createTrainer, type JobOptions, type Trainer, type TrainerOptions } from './trainer.ts';
