export type { Clock } from './clock.ts';
export { formatDuration, parseDurationMs } from './duration.ts';
export { ManualClock } from './manual-clock.ts';
export { type Random, seededRandom } from './random.ts';
export { steadyClock } from './steady-clock.ts';
export { systemClock } from './system-clock.ts';
export { within } from './within.ts';
