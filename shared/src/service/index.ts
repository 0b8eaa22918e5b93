export { Readiness, type ReadinessReport } from './readiness.ts';
export { followTicks, requestTick, runTicks, type Tick } from './ticks.ts';
