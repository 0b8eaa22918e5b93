const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Forecasts are worse when their error is this many times what it was, and by so much of the load at least. */
const WORSE_RATIO = 1.5;
const WORSE_BY = 0.005;
/** A bad hour is chance, three in a row are not; nor is a model trained again for drift sooner than that. */
const BAD_LOOKS = 3;

/** What is remembered from look to look, for one model. */
export interface DriftState {
  /** When the model that is watched was made. */
  readonly trainedMs: number;
  /** Weighted quantile loss over a day that later ones are held against. */
  readonly usual: number;
  /** Whether `usual` is the model's own: until it is a day old, the day before has its predecessor's errors in it. */
  readonly own: boolean;
  readonly lookedMs: number;
  readonly badLooks: number;
}

/** `wql` is that of the published forecasts over the day before `nowMs`. */
export interface DriftLook {
  readonly nowMs: number;
  readonly trainedMs: number;
  readonly wql: number;
}

/**
 * Looks once an hour, and begins anew with every model. A level shift shows, too: its misses are large, and a day's
 * loss grows by half within hours. After a training for drift the worse loss is the usual one until the new model's
 * own is known, so that what no training can mend does not train for ever.
 */
export function lookForDrift(state: DriftState | null, { nowMs, trainedMs, wql }: DriftLook): DriftState {
  if (state === null || state.trainedMs !== trainedMs) {
    return { trainedMs, usual: wql, own: nowMs - trainedMs >= DAY_MS, lookedMs: nowMs, badLooks: 0 };
  }
  if (nowMs - state.lookedMs < HOUR_MS) return state;
  if (!state.own && nowMs - trainedMs >= DAY_MS) {
    return { trainedMs, usual: wql, own: true, lookedMs: nowMs, badLooks: 0 };
  }
  const bad = wql > WORSE_RATIO * state.usual && wql > state.usual + WORSE_BY;
  return { ...state, lookedMs: nowMs, badLooks: bad ? state.badLooks + 1 : 0 };
}

export function hasDrifted(state: DriftState | null): boolean {
  return state !== null && state.badLooks >= BAD_LOOKS;
}
