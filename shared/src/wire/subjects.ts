import { type ModelKey, modelPath } from '../domain/index.ts';

/** The subjects on which services and users meet. Pool, signal and event names are single tokens. */
const PREFIX = 'forescale.v1';

export const subjects = {
  kpi: (pool: string, signal: string) => `${PREFIX}.kpi.${pool}.${signal}`,
  sample: (pool: string, signal: string) => `${PREFIX}.sample.${pool}.${signal}`,
  forecast: (pool: string, signal: string) => `${PREFIX}.forecast.${pool}.${signal}`,
  /**
   * Where the newest forecast is asked for. Not below `….forecast.`: the stream would keep the request, and JetStream
   * answer it.
   */
  getForecast: (pool: string, signal: string) => `${PREFIX}.get.forecast.${pool}.${signal}`,
  plan: (pool: string) => `${PREFIX}.plan.${pool}`,
  node: (pool: string, event: string) => `${PREFIX}.node.${pool}.${event}`,
  override: (pool: string) => `${PREFIX}.override.${pool}`,
  /** A training that is due: `forescale.v1.training.series.<pool>.<signal>` or `….cluster.<step>s-<horizon>`. */
  training: (key: ModelKey) => `${PREFIX}.training.${modelPath(key).join('.')}`,
  /** A model that was saved, named as its training is. */
  model: (key: ModelKey) => `${PREFIX}.model.${modelPath(key).join('.')}`,
  /** How the sources of a collector are. */
  sources: (collector: string) => `${PREFIX}.sources.${collector}`,
  predictor: (id: string) => `${PREFIX}.predictor.${id}`,
  /** To listen to. */
  allModels: `${PREFIX}.model.>`,
  allPredictors: `${PREFIX}.predictor.*`,
  allSources: `${PREFIX}.sources.*`,
  /** Where a simulation's conductor asks one service for one tick; the reply is the acknowledgement. */
  tick: (service: string) => `${PREFIX}.clock.tick.${service}`,
} as const;

/** The pool and the signal that a request for a forecast names, whatever they are; null when it is no such subject. */
export function askedForecast(subject: string): { readonly pool: string; readonly signal: string } | null {
  const match = /^forescale\.v1\.get\.forecast\.([^.]{1,253})\.([^.]{1,253})$/.exec(subject);
  return match ? { pool: match[1] as string, signal: match[2] as string } : null;
}

/** The pool and the last token of a subject such as `forescale.v1.kpi.<pool>.<signal>`; null when it is no such one. */
export function poolAndTail(subject: string): { readonly pool: string; readonly tail: string } | null {
  const match = /^forescale\.v1\.[a-z]+\.([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})$/.exec(subject);
  return match ? { pool: match[1] as string, tail: match[2] as string } : null;
}
