import { type StateBucket, StateConflictError } from '@forescale/shared/state';
import { EMPTY_MEMORY, type PlanMemory, planMemorySchema } from '../plan/memory.ts';

/** Another actuator has planned this pool in the meantime: this one must not act on what it has decided. */
export class StalePlanError extends Error {
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
    const entry = await this.#state.get(this.#key);
    const parsed = entry && planMemorySchema.safeParse(JSON.parse(new TextDecoder().decode(entry.value)));
    const memory = parsed?.success ? parsed.data : EMPTY_MEMORY;
    this.#known = { memory, revision: entry?.revision ?? 0 };
    return memory;
  }

  /** Rejects with `StalePlanError` when somebody else wrote since, and with the bucket's errors. */
  async save(memory: PlanMemory): Promise<void> {
    const revision = this.#known?.revision ?? 0;
    this.#known = null;
    try {
      const value = new TextEncoder().encode(JSON.stringify(memory));
      this.#known = { memory, revision: await this.#state.compareAndSet(this.#key, value, revision) };
    } catch (error) {
      if (!(error instanceof StateConflictError)) throw error;
      throw new StalePlanError(`pool ${this.#pool}: another actuator has planned it in the meantime`, { cause: error });
    }
  }
}
