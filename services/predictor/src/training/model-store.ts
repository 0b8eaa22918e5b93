import type { ClusterKey, ModelKey } from '@forescale/shared/domain';
import type { ClusterModel } from '../model/cluster-model.ts';
import type { TrainedModel } from '../model/trained-model.ts';

/** The model that is kept under a key of this kind. */
export type ModelOf<Key extends ModelKey> = Key extends ClusterKey ? ClusterModel : TrainedModel;

/** What is known of a model beside itself. */
export interface ModelFacts {
  readonly savedMs: number;
  /** Cells of history that it was trained on: with twice as many there is more to learn. */
  readonly cells: number;
}

export interface SavedModel extends ModelFacts {
  readonly version: number;
}

export interface RegisteredModel<Model> extends SavedModel {
  readonly model: Model;
}

export interface LoadedModel<Model> {
  /** The newest one that can be used; null when there is none. */
  readonly registered: RegisteredModel<Model> | null;
  /** Newer ones that could not, newest first, each with a line for the log. */
  readonly refused: readonly { readonly version: number; readonly why: string }[];
}

/** Versions that are kept of each model. */
export const KEPT_VERSIONS = 3;

/**
 * Trained models, in versions. A version is complete or absent, whatever dies while it is written. Versions count up
 * and are never used twice, rejected ones included, so that a version says what it is in logs; two that save at once
 * get two versions. Adapters: a directory, and a bucket that several predictors share; one conformance suite holds
 * both. Methods reject as the directory or the bucket does.
 */
export interface ModelStore {
  /** Saves a model as the newest version and forgets all but the last three. Resolves to its version. */
  save<Key extends ModelKey>(key: Key, model: ModelOf<Key>, facts: ModelFacts): Promise<number>;
  /** The newest version that is whole. One that is not is passed over, with the reason. */
  load<Key extends ModelKey>(key: Key): Promise<LoadedModel<ModelOf<Key>>>;
  /** What `load` would look at first, without the model itself: cheap enough to ask often. */
  newest(key: ModelKey): Promise<SavedModel | null>;
  /**
   * Rejects the versions newer than `version` up to `judged`, for good; what came after that has not been judged.
   * Rejects with `ModelNotFoundError` when `version` is not there.
   */
  rollback(key: ModelKey, version: number, judged: number): Promise<void>;
  /** Versions that `load` may choose from, newest first. */
  versions(key: ModelKey): Promise<number[]>;
  /** All models that have been saved. */
  keys(): Promise<ModelKey[]>;
}
