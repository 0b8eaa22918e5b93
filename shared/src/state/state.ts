import type { Health } from '../store/store.ts';

export interface StateEntry {
  readonly value: Uint8Array;
  /** Grows with every write of the bucket; the ticket for a compare-and-set. */
  readonly revision: number;
}

/**
 * A small key-value bucket for what must outlive a crash: intents, cool-downs, registries. Adapters: JetStream
 * key-value, SQLite, and memory. Keys are tokens of `[a-zA-Z0-9_=-]` with single dots between them, at most 200
 * characters; a value is at most 512 KiB. Methods reject with `StateRejectedError` when key or value is not such, and
 * with `StateUnavailableError` while the bucket is away: a write may then have happened or not, which reading tells.
 */
export interface StateBucket {
  get(key: string): Promise<StateEntry | null>;
  /** Creates, or replaces whatever is there. Resolves to the new revision. */
  put(key: string, value: Uint8Array): Promise<number>;
  /** Writes only when the entry still has `revision` (0: does not exist); otherwise rejects with `StateConflictError`. */
  compareAndSet(key: string, value: Uint8Array, revision: number): Promise<number>;
  /**
   * Of what does not exist, too. With `revision` only that entry: rejects with `StateConflictError` when another has
   * been written since.
   */
  delete(key: string, revision?: number): Promise<void>;
  /** Keys that begin with the prefix, ascending. */
  keys(prefix: string): Promise<string[]>;
  /** Never rejects. */
  health(): Promise<Health>;
  close(): Promise<void>;
}
