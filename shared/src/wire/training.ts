import { z } from 'zod';
import { type ModelKey, modelName } from '../domain/index.ts';
import { type EventOrigin, encodeEvent, moment, rfc3339 } from './events.ts';

const name = z.string().regex(/^[a-z0-9-]{1,63}$/, 'allowed: [a-z0-9-]{1,63}');

const seriesKey = z.object({ kind: z.literal('series'), pool: name, signal: name });
const clusterKey = z.object({
  kind: z.literal('cluster'),
  step_seconds: z.number().int().min(1).max(86_400),
  horizon: z.number().int().min(1).max(10_000),
});

/** Why a model is trained: there is none yet, it has grown old, forecasts have got worse, or there is much more to learn from. */
const TRAINING_REASONS = ['first', 'schedule', 'drift', 'data'] as const;
export type TrainingReason = (typeof TRAINING_REASONS)[number];

/** One training that is due, as its owner asks for it. */
export interface TrainingRequest {
  readonly key: ModelKey;
  readonly reason: TrainingReason;
  readonly requestedMs: number;
  /**
   * The newest version that there was then, 0 for none: a newer one answers the request, whatever the clocks of those
   * who ask and train say. Null where an older predictor asks.
   */
  readonly knownVersion: number | null;
}

const due = {
  reason: z.enum(TRAINING_REASONS),
  requested: moment,
  known_version: z.number().int().min(0).optional(),
};

/** The data of `forescale.v1.training.>`. */
export const trainingSchema = z
  .discriminatedUnion('kind', [z.object({ ...seriesKey.shape, ...due }), z.object({ ...clusterKey.shape, ...due })])
  .transform(
    (raw): TrainingRequest => ({
      key: keyOf(raw),
      reason: raw.reason,
      requestedMs: raw.requested,
      knownVersion: raw.known_version ?? null,
    }),
  );

/** The id names what is due, so that a request that is sent again is the same one. */
export function trainingId({ key, requestedMs }: TrainingRequest): string {
  return `${modelName(key)} ${requestedMs}`;
}

export function encodeTraining(request: TrainingRequest): Uint8Array {
  const { reason, requestedMs, knownVersion } = request;
  const known = knownVersion === null ? {} : { known_version: knownVersion };
  const data = { ...rawKey(request.key), reason, requested: rfc3339(requestedMs), ...known };
  return encodeEvent(
    'training',
    originOf(trainingId(request), requestedMs),
    data satisfies z.input<typeof trainingSchema>,
  );
}

/** A model that was saved; whoever forecasts with it loads it. */
export interface ModelNotice {
  readonly key: ModelKey;
  readonly version: number;
  readonly savedMs: number;
}

const version = { version: z.number().int().min(1), saved: moment };

/** The data of `forescale.v1.model.>`. */
export const modelNoticeSchema = z
  .discriminatedUnion('kind', [
    z.object({ ...seriesKey.shape, ...version }),
    z.object({ ...clusterKey.shape, ...version }),
  ])
  .transform((raw): ModelNotice => ({ key: keyOf(raw), version: raw.version, savedMs: raw.saved }));

export function encodeModelNotice({ key, version: number, savedMs }: ModelNotice): Uint8Array {
  const data = { ...rawKey(key), version: number, saved: rfc3339(savedMs) };
  const origin = originOf(`${modelName(key)} ${number}`, savedMs);
  return encodeEvent('model', origin, data satisfies z.input<typeof modelNoticeSchema>);
}

/** The data of `forescale.v1.predictor.<id>`: one of the predictors that share the series says that it is there. */
export const predictorSchema = z.object({
  id: name,
  /** `joining`: does not forecast all of its series yet; `leaving`: not from now on. */
  state: z.enum(['joining', 'ready', 'leaving']),
  /** It has just come and wants to know who else is there. */
  asks: z.boolean(),
});

export type PredictorData = z.output<typeof predictorSchema>;

export function encodePredictor(data: PredictorData, timeMs: number): Uint8Array {
  return encodeEvent('predictor', originOf(`${data.id} ${timeMs}`, timeMs), data);
}

function keyOf(raw: z.output<typeof seriesKey> | z.output<typeof clusterKey>): ModelKey {
  if (raw.kind === 'series') return { kind: raw.kind, pool: raw.pool, signal: raw.signal };
  return { kind: raw.kind, stepMs: 1_000 * raw.step_seconds, horizon: raw.horizon };
}

function rawKey(key: ModelKey): z.input<typeof seriesKey> | z.input<typeof clusterKey> {
  if (key.kind === 'series') return key;
  return { kind: key.kind, step_seconds: key.stepMs / 1_000, horizon: key.horizon };
}

function originOf(id: string, timeMs: number): EventOrigin {
  return { id, source: '/forescale/predictor', timeMs };
}
