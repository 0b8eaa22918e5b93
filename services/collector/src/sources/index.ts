export { ClusterSource } from './cluster-source.ts';
export { PrometheusSource, type PrometheusSourceParts, sourceTag } from './prometheus-source.ts';
export type { Measurement, PulledSource, Reading } from './source.ts';
export { periodOf, TraceSource } from './trace-source.ts';
