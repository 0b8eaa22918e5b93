export { Readiness, type ReadinessReport, type Role } from './readiness.ts';
export { SampleTraces } from './sample-traces.ts';
export { followTicks, requestTick, runTicks, type Tick, tickSchema } from './ticks.ts';
