export { SqliteFileError, StoreRejectedError, StoreUnavailableError } from './errors.ts';
export { createInfluxStore, type InfluxStoreOptions } from './influx-store.ts';
export { inTransaction, loadSqlite, type OpenSqlite, type SqliteSchema } from './sqlite-file.ts';
export { createSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts';
export type { Health, Point, Store, StoreQuery, StoreRow } from './store.ts';
