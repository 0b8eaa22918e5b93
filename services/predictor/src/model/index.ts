export type {
  NetworkOptions,
  QuantileDataset,
  QuantileNetwork,
  SerialisedNetwork,
  SerialisedTensor,
  TrainNetwork,
} from './network.ts';
