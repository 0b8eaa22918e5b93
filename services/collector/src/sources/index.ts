export { ClusterSource } from './cluster-source.ts';
export { PrometheusSource, sourceTag } from './prometheus-source.ts';
export type { Measurement, PulledSource, Reading } from './source.ts';
export { TraceSource } from './trace-source.ts';
