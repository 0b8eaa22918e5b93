export { StoreRejectedError, StoreUnavailableError } from './errors.ts';
export type { Health, Point, Store, StoreQuery, StoreRow } from './store.ts';
