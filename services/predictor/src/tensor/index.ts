export { artifactsOfNetwork, networkOf } from './artifacts.ts';
export { type Backend, type BackendName, selectBackend } from './backend.ts';
export { DatasetError, NetworkFormatError, NoBackendError, TrainingDivergedError } from './errors.ts';
export { networks } from './networks.ts';
export { loadNetwork } from './plain-network.ts';
