export { Readiness, type ReadinessReport, type Role } from './readiness.ts';
export { followTicks, requestTick, runTicks, type Tick, tickSchema } from './ticks.ts';
