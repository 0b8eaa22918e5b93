export { ClusterSource } from './cluster-source.ts';
export type { Measurement, PulledSource, Reading } from './source.ts';
export { TraceSource } from './trace-source.ts';
