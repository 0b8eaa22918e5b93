import type { LeasePort, StoredLease } from './lease.ts';

export interface MemoryLease extends LeasePort {
  /** As it stands; null: there is none. */
  readonly stored: StoredLease | null;
  /** As somebody does who deletes the object. */
  remove(): void;
}

/** A lease in memory, for electors of one process: simulations and tests. */
export function createMemoryLease(): MemoryLease {
  let stored: StoredLease | null = null;
  let writes = 0;
  return {
    get stored() {
      return stored;
    },
    remove() {
      stored = null;
    },
    async read() {
      return stored;
    },
    async write(lease, version) {
      if ((stored?.version ?? null) !== version) return null;
      stored = { ...lease, version: String(++writes) };
      return stored;
    },
  };
}
