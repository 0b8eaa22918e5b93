export { type StateBucket, StateConflictError, type StateEntry, StateUnavailableError } from './state.ts';
