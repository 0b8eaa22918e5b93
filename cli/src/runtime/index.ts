export { startProcess } from './process.ts';
export { openConfigured } from './prometheus.ts';
export { createReplayForecaster } from './replay-forecaster.ts';
export { openBus } from './runtime.ts';
