export { ELECTION_TIMING, type ElectionTiming } from './election.ts';
export { Elector, type ElectorParts } from './elector.ts';
export { type Leadership, NotLeadingError } from './leadership.ts';
export type { Lease, LeasePort, StoredLease } from './lease.ts';
export { createMemoryLease, type MemoryLease } from './memory-lease.ts';
