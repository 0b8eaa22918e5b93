/** Whose model it is: that of one signal, or the one for all signals with this step and this many cells ahead. */
export type ModelKey = SeriesKey | ClusterKey;

/** Both names match `[a-z0-9-]{1,63}`. */
export interface SeriesKey {
  readonly kind: 'series';
  readonly pool: string;
  readonly signal: string;
}

export interface ClusterKey {
  readonly kind: 'cluster';
  /** Whole seconds. */
  readonly stepMs: number;
  readonly horizon: number;
}

const NAME = /^[a-z0-9-]{1,63}$/;
const SHAPE = /^([1-9][0-9]{0,5})s-([1-9][0-9]{0,4})$/;

/**
 * The key as names that folders, subjects and keys of a bucket are made of: `series`, pool, signal or `cluster`,
 * `300s-14`. Throws a `RangeError` for what could not be read back from them.
 */
export function modelPath(key: ModelKey): readonly string[] {
  const path =
    key.kind === 'series' ? [key.kind, key.pool, key.signal] : [key.kind, `${key.stepMs / 1_000}s-${key.horizon}`];
  if (modelKeyOf(path) === null) throw new RangeError(`${JSON.stringify(key)} is not the key of a model`);
  return path;
}

/** The key whose path this is; null when it is none's. */
export function modelKeyOf(path: readonly string[]): ModelKey | null {
  const [kind, first = '', second = ''] = path;
  if (kind === 'series' && path.length === 3 && NAME.test(first) && NAME.test(second)) {
    return { kind, pool: first, signal: second };
  }
  const shape = kind === 'cluster' && path.length === 2 ? SHAPE.exec(first) : null;
  return shape && { kind: 'cluster', stepMs: 1_000 * Number(shape[1]), horizon: Number(shape[2]) };
}

/** For logs and as the key of a map. */
export function modelName(key: ModelKey): string {
  return modelPath(key).join('/');
}
