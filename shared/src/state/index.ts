export { StateConflictError, StateRejectedError, StateUnavailableError } from './errors.ts';
export { createJetStreamState, type JetStreamStateOptions } from './jetstream-state.ts';
export { createMemoryState } from './memory-state.ts';
export { createSqliteState, type SqliteStateOptions } from './sqlite-state.ts';
export type { StateBucket, StateEntry } from './state.ts';
