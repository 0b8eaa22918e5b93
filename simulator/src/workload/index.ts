export { generateLoad, type LoadShape } from './generate-load.ts';
export { SHAPE_NAMES, type ShapeName, type ShapeOptions, shapedLoad } from './shapes.ts';
export type { TraceWorkload, TraceWorkloadOptions, WorkloadSummary } from './trace-workload.ts';
