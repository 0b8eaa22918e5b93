import { createMemoryState, type StateBucket, type StateEntry, StateUnavailableError } from '@forescale/shared/state';
import type { Health } from '@forescale/shared/store';
import { Gate } from './gate.ts';

/** A bucket in memory that outlives the process that uses it through a gate, that may be away, and lose answers. */
export class FakeState implements StateBucket {
  gate = new Gate();
  away = false;
  /** Whether this write, of a key, is carried out and its answer lost. */
  loses: (key: string) => boolean = () => false;
  /** What a write of a key waits for before it is carried out. */
  holds: (key: string) => Promise<void> = async () => undefined;
  /** What the answer to a write of a key waits for. */
  answers: (key: string) => Promise<void> = async () => undefined;
  #bucket = createMemoryState();

  get(key: string): Promise<StateEntry | null> {
    return this.#effect(() => this.#bucket.get(key));
  }

  put(key: string, value: Uint8Array): Promise<number> {
    return this.#effect(() => this.#bucket.put(key, value));
  }

  compareAndSet(key: string, value: Uint8Array, revision: number): Promise<number> {
    return this.#effect(async () => {
      await this.holds(key);
      const written = await this.#bucket.compareAndSet(key, value, revision);
      await this.answers(key);
      if (this.loses(key)) throw new StateUnavailableError('the answer was lost');
      return written;
    });
  }

  delete(key: string, revision?: number): Promise<void> {
    return this.#effect(() => this.#bucket.delete(key, revision));
  }

  keys(prefix: string): Promise<string[]> {
    return this.#effect(() => this.#bucket.keys(prefix));
  }

  health(): Promise<Health> {
    return this.#bucket.health();
  }

  async close(): Promise<void> {}

  /** Everything in it is gone. */
  lose(): void {
    this.#bucket = createMemoryState();
  }

  #effect<T>(act: () => Promise<T>): Promise<T> {
    return this.gate.effect(() => {
      if (this.away) throw new StateUnavailableError('the bucket is away');
      return act();
    });
  }
}
