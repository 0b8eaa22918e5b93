export { ReplayError } from './errors.ts';
export type { ReplayForecaster } from './forescale-policy.ts';
export type { OnReplayProgress } from './learner.ts';
export type { ReplayFaults } from './machines.ts';
export { POLICY_NAMES, type PolicyKnobs, type PolicyName } from './policy.ts';
export { type ReplayOptions, type ReplayResult, replay } from './replay.ts';
export { signalOf } from './signal.ts';
export type { ReplaySummary } from './summary.ts';
export { type ReplayTimeline, timelineCsv } from './timeline.ts';
