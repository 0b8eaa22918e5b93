import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { SqliteFileError } from './errors.ts';

export interface SqliteSchema {
  /** What the file is, for messages. */
  readonly kind: string;
  /** SQLite's own mark in the header of the file, so that no file is taken for another kind. */
  readonly applicationId: number;
  /** `versions[n]` lifts a database of version n to n + 1; 0 is an empty file. Never edited once released. */
  readonly versions: readonly string[];
}

/** A write that waits longer than this for another process gives up: the wait blocks the event loop. */
const BUSY_TIMEOUT_MS = 1_000;

/** Opens a database file, or `:memory:`, and lifts it to this program's schema. Throws `SqliteFileError`. */
export type OpenSqlite = (path: string, schema: SqliteSchema) => DatabaseSync;

export async function openSqlite(path: string, schema: SqliteSchema): Promise<DatabaseSync> {
  return (await loadSqlite())(path, schema);
}

/** For whoever must be able to open a file anew in the middle of its work. Loaded here: whoever uses InfluxDB never pays for it. */
export async function loadSqlite(): Promise<OpenSqlite> {
  const { DatabaseSync } = await import('node:sqlite');
  return (path, schema) => {
    let database: DatabaseSync | undefined;
    try {
      if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
      database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      // FULL: a commit is on the disk, not only in the system's cache, when the write resolves.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
      migrate(database, path, schema);
      return database;
    } catch (error) {
      database?.close();
      if (error instanceof SqliteFileError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new SqliteFileError(`${path}: cannot be opened as a ${schema.kind}: ${reason}`, { cause: error });
    }
  };
}

/** Runs `work` in one write transaction: all of it or nothing. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // After some errors (disk full) SQLite has rolled back by itself.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function migrate(database: DatabaseSync, path: string, { kind, applicationId, versions }: SqliteSchema): void {
  const pragma = (name: string) => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  inTransaction(database, () => {
    const version = pragma('user_version');
    const empty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
    if (!empty && pragma('application_id') !== applicationId) {
      throw new SqliteFileError(`${path}: is a database, but not a ${kind}; name another file`);
    }
    if (version > versions.length) {
      throw new SqliteFileError(
        `${path}: ${kind} of version ${version}, but this program knows up to ${versions.length}; upgrade the program or name another file`,
      );
    }
    // Nothing is written where nothing is new: a full disk is to be read all the same.
    if (!empty && version === versions.length) return;
    for (const statements of versions.slice(version)) database.exec(statements);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${versions.length}`);
  });
}
