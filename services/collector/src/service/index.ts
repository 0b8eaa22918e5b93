export { TraceSource } from '../sources/trace-source.ts';
export { type Collector, type CollectorParts, startCollector } from './collector.ts';
