import type { DatabaseSync } from 'node:sqlite';
import { inTransaction, openSqlite, type SqliteSchema } from '../store/sqlite-file.ts';
import type { Health } from '../store/store.ts';
import { checkKey, checkRevision, checkValue, conflict } from './entry.ts';
import { StateConflictError, StateUnavailableError } from './errors.ts';
import type { StateBucket, StateEntry } from './state.ts';

export interface SqliteStateOptions {
  /** Of the database file, made with its folder when absent; several buckets may share it. */
  readonly path: string;
  readonly bucket: string;
}

/** The revision is counted per bucket and never goes back, so that an entry made anew has one never seen before. */
const SCHEMA: SqliteSchema = {
  kind: 'Forescale state',
  applicationId: 0x46_53_63_32,
  versions: [
    `CREATE TABLE bucket (name TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT;
     CREATE TABLE entry (
       bucket TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, revision INTEGER NOT NULL,
       PRIMARY KEY (bucket, key)
     ) STRICT;`,
  ],
};

/** A bucket in a file. Rejects with `SqliteFileError` when the file cannot be used. */
export async function createSqliteState({ path, bucket }: SqliteStateOptions): Promise<StateBucket> {
  return new SqliteState(await openSqlite(path, SCHEMA), bucket);
}

/** A write that waits for its commit. `work` throws a conflict before it has changed anything. */
interface Write {
  readonly work: () => number;
  readonly resolve: (revision: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes that come in one turn of the event loop are one commit: the disk takes as long for a hundred as for one, and
 * nothing else happens in this process meanwhile.
 */
class SqliteState implements StateBucket {
  readonly #database: DatabaseSync;
  readonly #bucket: string;
  readonly #statements: ReturnType<typeof prepareStatements>;
  #waiting: Write[] = [];

  constructor(database: DatabaseSync, bucket: string) {
    this.#database = database;
    this.#bucket = bucket;
    this.#statements = prepareStatements(database);
  }

  async get(key: string): Promise<StateEntry | null> {
    checkKey(key);
    const row = this.#run(() => this.#statements.get.get(this.#bucket, key));
    return row === undefined ? null : { value: row.value as Uint8Array, revision: Number(row.revision) };
  }

  async put(key: string, value: Uint8Array): Promise<number> {
    checkKey(key);
    checkValue(key, value);
    return await this.#commit(() => this.#write(key, value));
  }

  async compareAndSet(key: string, value: Uint8Array, revision: number): Promise<number> {
    checkKey(key);
    checkValue(key, value);
    checkRevision(key, revision);
    return await this.#commit(() => {
      const current = this.#statements.get.get(this.#bucket, key)?.revision ?? 0;
      if (Number(current) !== revision) throw conflict(key, revision);
      return this.#write(key, value);
    });
  }

  async delete(key: string, revision?: number): Promise<void> {
    checkKey(key);
    if (revision !== undefined) checkRevision(key, revision);
    await this.#commit(() => {
      const current = this.#statements.get.get(this.#bucket, key)?.revision;
      if (revision !== undefined && current !== undefined && Number(current) !== revision)
        throw conflict(key, revision);
      return Number(this.#statements.remove.run(this.#bucket, key).changes);
    });
  }

  async keys(prefix: string): Promise<string[]> {
    const rows = this.#run(() => this.#statements.keys.all(this.#bucket, prefix, `${prefix}\x7f`));
    return rows.map((row) => String(row.key));
  }

  async health(): Promise<Health> {
    try {
      this.#run(() => this.#statements.get.get(this.#bucket, ''));
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    this.#flush();
    if (this.#database.isOpen) this.#database.close();
  }

  #commit(work: () => number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ work, resolve, reject }) === 1) setImmediate(() => this.#flush());
    });
  }

  /** All that wait, or none but for those that conflict. */
  #flush(): void {
    const writes = this.#waiting.splice(0);
    if (writes.length === 0) return;
    try {
      const told = this.#run(() => inTransaction(this.#database, () => writes.map(attempted)));
      for (const tell of told) tell();
    } catch (error) {
      for (const { reject } of writes) reject(error);
    }
  }

  #write(key: string, value: Uint8Array): number {
    const revision = Number(this.#statements.nextRevision.get(this.#bucket)?.revision);
    this.#statements.put.run(this.#bucket, key, value, revision);
    return revision;
  }

  #run<T>(work: () => T): T {
    if (!this.#database.isOpen) throw new StateUnavailableError('the bucket is closed');
    try {
      return work();
    } catch (error) {
      if (error instanceof StateConflictError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new StateUnavailableError(`SQLite: ${reason}`, { cause: error });
    }
  }
}

/** Does the write, and returns how to tell of it once it is committed. */
function attempted({ work, resolve, reject }: Write): () => void {
  try {
    const revision = work();
    return () => resolve(revision);
  } catch (error) {
    if (!(error instanceof StateConflictError)) throw error;
    return () => reject(error);
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    get: database.prepare('SELECT value, revision FROM entry WHERE bucket = ? AND key = ?'),
    nextRevision: database.prepare(
      `INSERT INTO bucket (name, revision) VALUES (?, 1)
       ON CONFLICT DO UPDATE SET revision = revision + 1 RETURNING revision`,
    ),
    put: database.prepare(
      `INSERT INTO entry (bucket, key, value, revision) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, revision = excluded.revision`,
    ),
    remove: database.prepare('DELETE FROM entry WHERE bucket = ? AND key = ?'),
    // Keys are ASCII, so that the first character behind them ends the range.
    keys: database.prepare('SELECT key FROM entry WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key'),
  };
}
