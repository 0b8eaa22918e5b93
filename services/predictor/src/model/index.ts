export { CellCalendar } from './cell-calendar.ts';
export { type Cells, cellsOf } from './cells.ts';
export {
  CLUSTER_TRAIN_OPTIONS,
  type ClusterModel,
  type ClusterTrainOptions,
  trainClusterModel,
} from './cluster-model.ts';
export { type Grid, GridTooLongError, gridOf, usualStepMs } from './grid.ts';
export { holtWinters } from './holt-winters.ts';
export { MEMBER_NAMES, type MemberName } from './ladder.ts';
export { combinedForecast, type ForecastHistory, memberForecasts } from './member-forecasts.ts';
export type {
  LoadNetwork,
  NetworkOptions,
  Networks,
  QuantileDataset,
  QuantileNetwork,
  SerialisedNetwork,
  SerialisedTensor,
  TrainNetwork,
} from './network.ts';
export type { TrialResult } from './network-trial.ts';
export { type OnlineForecast, OnlineForecaster, type OnlineForecasterOptions } from './online-forecaster.ts';
export { Tape } from './tape.ts';
export { type NetworkStart, TRAIN_OPTIONS, type TrainedModel, type TrainOptions, trainModel } from './trained-model.ts';
export type { TrainingSeries } from './training-series.ts';
