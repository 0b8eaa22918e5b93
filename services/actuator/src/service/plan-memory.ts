import { type StateBucket, StateConflictError } from '@forescale/shared/state';
import { EMPTY_MEMORY, type PlanMemory, planMemorySchema } from '../plan/index.ts';
import { encodeStored, readStored } from './stored.ts';

/** Another actuator has planned this pool in the meantime: this one must not act on what it has decided. */
class StalePlanError extends Error {
  override readonly name = 'StalePlanError';
}

/**
 * What a pool's plans remember, kept in the bucket. Writing it is also the fence: the write succeeds only on what was
 * read, so of two actuators that plan the same generation one is refused before it acts.
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

  /** Reads the bucket unless what is known was written by this process last. A memory that cannot be read starts anew. */
  async load(): Promise<PlanMemory> {
    if (this.#known !== null) return this.#known.memory;
    const { value, revision } = await readStored(this.#state, this.#key, planMemorySchema);
    this.#known = { memory: value ?? EMPTY_MEMORY, revision };
    return this.#known.memory;
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
}
