export { generateLoad, type LoadShape } from './generate-load.ts';
export type { TraceWorkload, TraceWorkloadOptions, WorkloadSummary } from './trace-workload.ts';
