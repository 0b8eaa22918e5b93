export {
  decodeEvent,
  decodeJson,
  type EventOrigin,
  encodeEvent,
  eventSchemaOf,
  parseWire,
  rfc3339,
  WireError,
} from './events.ts';
export { encodeAccuracy, encodeForecast, encodeForecastData, forecastSchema } from './forecast.ts';
export { decodeKpi, encodeKpi, encodeSample, kpiPushSchema, kpiSchemas, sampleSchema } from './kpi.ts';
export {
  checkOverrideEnd,
  NODE_EVENTS,
  type NodeEventData,
  nodeEventSchema,
  OVERRIDE_DAYS_MAX,
  overrideSchema,
  type PlanData,
  planSchema,
} from './plan.ts';
export { createSampleEncoder } from './sample-encoder.ts';
export {
  describeSource,
  encodeSources,
  SOURCE_STATES,
  type SourceHealth,
  type SourcesData,
  sourcesSchema,
} from './sources.ts';
export { streams } from './streams.ts';
export { askedForecast, poolAndTail, subjects } from './subjects.ts';
export {
  encodeModelNotice,
  encodePredictor,
  encodeTraining,
  type ModelNotice,
  modelNoticeSchema,
  type PredictorData,
  predictorSchema,
  type TrainingReason,
  type TrainingRequest,
  trainingId,
  trainingSchema,
} from './training.ts';
