export { oldestSampleMs } from './oldest-sample.ts';
export { readHistory } from './read-history.ts';
export { allSeries, type SeriesConfig, type SeriesShape } from './series-shape.ts';
export { SignalHistory } from './signal-history.ts';
