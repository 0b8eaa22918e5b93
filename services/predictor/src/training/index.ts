export { type DriftState, hasDrifted, lookForDrift } from './drift.ts';
export { reasonToTrain } from './due.ts';
export {
  ModelNotFoundError,
  TrainerBusyError,
  TrainingAbortedError,
  TrainingFailedError,
  TrainingTimeoutError,
} from './errors.ts';
export { createFileModelStore } from './file-model-store.ts';
export type { OnProgress } from './messages.ts';
export {
  type ClusterJob,
  MODEL_WORKER_URL,
  type ModelJob,
  type ModelTrainer,
  trainClusterIn,
  trainModelIn,
} from './model-job.ts';
export type { ModelFacts, ModelStore, RegisteredModel, SavedModel } from './model-store.ts';
export { createTraining, type TrainingParts } from './run-training.ts';
export { serveJob } from './serve-job.ts';
export { createStateModelStore } from './state-model-store.ts';
export { createTrainer, type JobOptions, type Trainer, type TrainerOptions } from './trainer.ts';
export { TrainingQueue } from './training-queue.ts';
export { isUsable } from './usable-network.ts';
export { verdictOn } from './verdict.ts';
