export { createReplayForecaster } from './replay-forecaster.ts';
