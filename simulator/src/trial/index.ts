export { runTrial, type TrialOptions, type TrialResult } from './run-trial.ts';
