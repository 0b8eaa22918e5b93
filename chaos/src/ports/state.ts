import { createMemoryState, type StateBucket, type StateEntry, StateUnavailableError } from '@forescale/shared/state';
import type { Health } from '@forescale/shared/store';
import type { Link } from './link.ts';

const JOURNAL_PREFIX = 'node.';
const TIMEOUT_MS = 5_000;

/** The bucket that outlives the processes, as one of them reaches it. */
export class StatePort implements StateBucket {
  readonly #bucket: StateBucket;
  readonly #link: Link;

  constructor(bucket: StateBucket, link: Link) {
    this.#bucket = bucket;
    this.#link = link;
  }

  get(key: string): Promise<StateEntry | null> {
    return this.#call('read', () => this.#bucket.get(key));
  }

  put(key: string, value: Uint8Array): Promise<number> {
    return this.#call('write', () => this.#bucket.put(key, value));
  }

  compareAndSet(key: string, value: Uint8Array, revision: number): Promise<number> {
    return this.#call('write', () => this.#bucket.compareAndSet(key, value, revision));
  }

  delete(key: string, revision?: number): Promise<void> {
    return this.#call('write', () => this.#bucket.delete(key, revision));
  }

  keys(prefix: string): Promise<string[]> {
    return this.#call('read', () => this.#bucket.keys(prefix));
  }

  health(): Promise<Health> {
    return this.#bucket.health();
  }

  async close(): Promise<void> {}

  #call<T>(kind: 'read' | 'write', effect: () => Promise<T>): Promise<T> {
    const errorOf = (fate: string, call: string) => new StateUnavailableError(`${call}: ${fate}`);
    const thereMs = this.#link.distance;
    return this.#link.call({ call: `state.${kind}`, thereMs, backMs: 0, timeoutMs: TIMEOUT_MS, errorOf }, effect);
  }
}

/** The bucket with the journal switched off: what a process writes of its nodes is gone when it is. */
export function withoutJournal(bucket: StateBucket): StateBucket {
  const own = createMemoryState();
  const of = (key: string) => (key.startsWith(JOURNAL_PREFIX) ? own : bucket);
  return {
    get: (key) => of(key).get(key),
    put: (key, value) => of(key).put(key, value),
    compareAndSet: (key, value, revision) => of(key).compareAndSet(key, value, revision),
    delete: (key, revision) => of(key).delete(key, revision),
    keys: (prefix) => of(prefix).keys(prefix),
    health: () => bucket.health(),
    close: async () => undefined,
  };
}
