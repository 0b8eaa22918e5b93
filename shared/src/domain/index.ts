export * from './cluster.ts';
export * from './combine.ts';
export * from './forecast.ts';
export * from './model-key.ts';
export * from './quantity.ts';
export * from './resources.ts';
export * from './sample.ts';
export * from './series.ts';
