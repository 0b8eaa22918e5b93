import type { Health } from '../store/store.ts';
import { checkKey, checkRevision, checkValue, conflict } from './entry.ts';
import { StateUnavailableError } from './errors.ts';
import type { StateBucket, StateEntry } from './state.ts';

/** A bucket that lasts as long as the process does. */
export function createMemoryState(): StateBucket {
  return new MemoryState();
}

class MemoryState implements StateBucket {
  readonly #entries = new Map<string, StateEntry>();
  #revision = 0;
  #closed = false;

  async get(key: string): Promise<StateEntry | null> {
    this.#checkOpen();
    checkKey(key);
    const entry = this.#entries.get(key);
    return entry === undefined ? null : { ...entry, value: entry.value.slice() };
  }

  async put(key: string, value: Uint8Array): Promise<number> {
    this.#checkOpen();
    checkKey(key);
    checkValue(key, value);
    const revision = ++this.#revision;
    this.#entries.set(key, { value: value.slice(), revision });
    return revision;
  }

  async compareAndSet(key: string, value: Uint8Array, revision: number): Promise<number> {
    this.#checkOpen();
    checkRevision(key, revision);
    if ((this.#entries.get(key)?.revision ?? 0) !== revision) throw conflict(key, revision);
    return this.put(key, value);
  }

  async delete(key: string, revision?: number): Promise<void> {
    this.#checkOpen();
    checkKey(key);
    const present = this.#entries.get(key)?.revision;
    if (revision !== undefined) checkRevision(key, revision);
    if (revision !== undefined && present !== undefined && present !== revision) throw conflict(key, revision);
    this.#entries.delete(key);
  }

  async keys(prefix: string): Promise<string[]> {
    this.#checkOpen();
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async health(): Promise<Health> {
    return this.#closed ? { ok: false, reason: 'the bucket is closed' } : { ok: true };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #checkOpen(): void {
    if (this.#closed) throw new StateUnavailableError('the bucket is closed');
  }
}
