export type { CallLimits } from './call-gate.ts';
export type { CostReport } from './cost-meter.ts';
export { CloudError } from './errors.ts';
export type { Machine } from './machine.ts';
export { type BootTime, type OfferingSpec, offeringId } from './offering.ts';
export { type CloudOptions, SimulatedCloud } from './simulated-cloud.ts';
