import { type StateBucket, StateConflictError } from '@forescale/shared/state';
import { EMPTY_MEMORY, type PlanMemory, planMemorySchema } from '../plan/index.ts';
import { encodeStored, readStored } from './stored.ts';

/** Another actuator has planned this pool in the meantime: this one must not act on what it has decided. */
class StalePlanError extends Error {
  override readonly name = 'StalePlanError';
}

/**
 * What a pool's plans remember, kept in the bucket. Writing it is also the fence. Every write succeeds only on what was
 * read, so of two actuators that plan the same generation one is refused before it acts. Whoever reads what another has
 * written writes it back at once: that is how the other, wherever it was held, learns that it has been overtaken.
 */
export class MemoryKeeper {
  readonly #state: StateBucket;
  readonly #key: string;
  readonly #pool: string;
  #known: { readonly memory: PlanMemory; readonly revision: number } | null = null;

  constructor(state: StateBucket, pool: string) {
    this.#state = state;
    this.#key = `memory.${pool}`;
    this.#pool = pool;
  }

  /**
   * `isOwn`: this process wrote it last, so that what it knows of the pool's nodes is still true. Else the memory is
   * claimed, and has to be followed by reading the journal anew. A memory that cannot be read starts anew.
   */
  async load(): Promise<{ readonly memory: PlanMemory; readonly isOwn: boolean }> {
    const { value, revision } = await readStored(this.#state, this.#key, planMemorySchema);
    if (this.#known?.revision === revision) return { memory: this.#known.memory, isOwn: true };
    const memory = value ?? EMPTY_MEMORY;
    this.#known = { memory, revision };
    await this.save(memory);
    return { memory, isOwn: false };
  }

  /** Rejects with `StalePlanError` when somebody else wrote since, and with the bucket's errors. */
  async save(memory: PlanMemory): Promise<void> {
    const revision = this.#known?.revision ?? 0;
    this.#known = null;
    try {
      this.#known = { memory, revision: await this.#state.compareAndSet(this.#key, encodeStored(memory), revision) };
    } catch (error) {
      if (!(error instanceof StateConflictError)) throw error;
      throw new StalePlanError(`pool ${this.#pool}: another actuator has planned it in the meantime`, { cause: error });
    }
  }

  /** Whether what this process wrote last still stands. Rejects with the bucket's errors. */
  async isCurrent(): Promise<boolean> {
    const entry = await this.#state.get(this.#key);
    return entry !== null && entry.revision === this.#known?.revision;
  }
}
