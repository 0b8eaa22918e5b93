export { type Collector, type CollectorParts, startCollector } from './collector.ts';
