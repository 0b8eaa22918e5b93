import type { Health } from '../store/store.ts';

export interface StateEntry {
  readonly value: Uint8Array;
  /** Grows with every write of the bucket; the ticket for a compare-and-set. */
  readonly revision: number;
}

/**
 * A small key-value bucket for what must outlive a crash: intents, cool-downs, registries. Adapters: JetStream
 * key-value, SQLite, and memory. Keys match `[a-zA-Z0-9._=-]{1,200}`; a value is at most 512 KiB.
 */
export interface StateBucket {
  get(key: string): Promise<StateEntry | null>;
  /** Creates, or replaces whatever is there. Resolves to the new revision. */
  put(key: string, value: Uint8Array): Promise<number>;
  /** Writes only when the entry still has `revision` (0: does not exist); otherwise rejects with `StateConflictError`. */
  compareAndSet(key: string, value: Uint8Array, revision: number): Promise<number>;
  delete(key: string): Promise<void>;
  /** Keys that begin with the prefix, ascending. */
  keys(prefix: string): Promise<string[]>;
  health(): Promise<Health>;
  close(): Promise<void>;
}

/** Somebody else has written the entry in the meantime: read it again, then decide again. */
export class StateConflictError extends Error {
  override readonly name = 'StateConflictError';
}

/** The bucket cannot be reached: the same call may succeed later. */
export class StateUnavailableError extends Error {
  override readonly name = 'StateUnavailableError';
}
