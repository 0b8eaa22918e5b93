import { type StateBucket, StateConflictError } from '@forescale/shared/state';
import { z } from 'zod';
import { encodeStored, readStored } from './stored.ts';

const KEY = 'leader';
const storedSchema = z.object({ term: z.number().int().min(0), holder: z.string().max(1_000) });

/** What entering a term comes to. `newest`: the term that the bucket knows, which is another process's. */
export type Entry = { readonly entered: true } | { readonly entered: false; readonly newest: number };

/**
 * The newest term in which anybody has acted, kept beside the journal and written by compare-and-set: it only grows.
 * A leader that does not know yet that it leads no more, since its machine stood still as a whole, finds out here; and
 * so does one that was elected on a Lease that was deleted, and counts from 0 again.
 */
export class TermFence {
  readonly #state: StateBucket;

  constructor(state: StateBucket) {
    this.#state = state;
  }

  /** To be asked before each tick. Rejects with the bucket's errors. */
  async enter(term: number, self: string): Promise<Entry> {
    const { value, revision } = await readStored(this.#state, KEY, storedSchema);
    if (value?.term === term && value.holder === self) return { entered: true };
    if (value !== null && value.term >= term) return { entered: false, newest: value.term };
    try {
      await this.#state.compareAndSet(KEY, encodeStored({ term, holder: self }), revision);
      return { entered: true };
    } catch (error) {
      if (!(error instanceof StateConflictError)) throw error;
      // Two enter at once: which of them is later shows at the next tick.
      return { entered: false, newest: value?.term ?? -1 };
    }
  }
}
