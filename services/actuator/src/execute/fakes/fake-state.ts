import { type StateBucket, StateConflictError, type StateEntry } from '@forescale/shared/state';
import type { Health } from '@forescale/shared/store';
import { Gate } from './gate.ts';

/** A bucket in memory that outlives the process that uses it through a gate. */
export class FakeState implements StateBucket {
  readonly entries = new Map<string, StateEntry>();
  gate = new Gate();
  away = false;
  #revision = 0;

  get(key: string): Promise<StateEntry | null> {
    return this.#effect(() => this.entries.get(key) ?? null);
  }

  put(key: string, value: Uint8Array): Promise<number> {
    return this.#effect(() => this.#set(key, value));
  }

  compareAndSet(key: string, value: Uint8Array, revision: number): Promise<number> {
    return this.#effect(() => {
      const held = this.entries.get(key)?.revision ?? 0;
      if (held !== revision) throw new StateConflictError(`${key}: revision ${held}, not ${revision}`);
      return this.#set(key, value);
    });
  }

  delete(key: string): Promise<void> {
    return this.#effect(() => void this.entries.delete(key));
  }

  keys(prefix: string): Promise<string[]> {
    return this.#effect(() => [...this.entries.keys()].filter((key) => key.startsWith(prefix)).sort());
  }

  async health(): Promise<Health> {
    return this.away ? { ok: false, reason: 'away' } : { ok: true };
  }

  async close(): Promise<void> {}

  #set(key: string, value: Uint8Array): number {
    this.entries.set(key, { value, revision: ++this.#revision });
    return this.#revision;
  }

  #effect<T>(act: () => T): Promise<T> {
    return this.gate.effect(() => {
      if (this.away) throw new Error('the bucket is away');
      return act();
    });
  }
}
