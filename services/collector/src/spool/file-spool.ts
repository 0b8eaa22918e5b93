import { existsSync, renameSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Sample } from '@forescale/shared/domain';
import { inTransaction, loadSqlite, type OpenSqlite, type SqliteSchema } from '@forescale/shared/store';
import { decodeBatch, encodeBatch } from './encoding.ts';
import { type Spool, SpoolError, type SpooledBatch } from './spool.ts';

export interface FileSpoolOptions {
  /** Of the database file, made with its folder when absent. One process at a time uses it. */
  readonly path: string;
  /** Of the samples in it; the file is some percent larger, and never shrinks. */
  readonly bytesMax: number;
  /** Told of a file that cannot be read any more: it is put aside under another name, and a new one begun. */
  readonly onSetAside: (message: string, samplesLost: number) => void;
  /** What a quota of the file system would allow, in pages of 4 KiB; the disk's own limit when absent. */
  readonly pagesMax?: number;
}

const SCHEMA: SqliteSchema = {
  kind: 'Forescale spool',
  applicationId: 0x46_53_63_33,
  versions: [
    `CREATE TABLE batch (
       id INTEGER PRIMARY KEY AUTOINCREMENT, samples INTEGER NOT NULL, bytes INTEGER NOT NULL, crc INTEGER NOT NULL, body TEXT NOT NULL
     ) STRICT;`,
  ],
};

/** SQLITE_CORRUPT, SQLITE_NOTADB: waiting does not help. */
const BROKEN = [11, 26];
/** A row's own needs beside its text. */
const ROW_BYTES = 64;
const ASIDE_MAX = 9;
const LOG_BYTES_MAX = 16 * 2 ** 20;

class BrokenFile extends Error {}

/**
 * A spool in one SQLite file: a batch is a row, a transaction and an fsync. Rejects with `SqliteFileError` when the
 * file is somebody else's, in use, or cannot be made.
 */
export async function openFileSpool(options: FileSpoolOptions): Promise<Spool> {
  return new FileSpool(await loadSqlite(), options);
}

class FileSpool implements Spool {
  readonly #open: OpenSqlite;
  readonly #options: FileSpoolOptions;
  #database: DatabaseSync;
  #statements: ReturnType<typeof prepareStatements>;
  #samples = 0;
  #bytes = 0;
  /** How many files were put aside: what was read from one of them is not to be removed from the next. */
  #file = 0;
  /** Removed, though a full disk may not have let us write that down yet. Ids are never given twice. */
  #doneId = 0;

  constructor(open: OpenSqlite, options: FileSpoolOptions) {
    this.#open = open;
    this.#options = options;
    try {
      this.#database = this.#openFile();
    } catch (error) {
      const { cause } = error as Error;
      if (!isBroken(error) && !isBroken(cause)) throw error;
      this.#database = this.#beginAnew(error);
    }
    this.#statements = prepareStatements(this.#database);
    this.#count();
  }

  get samples(): number {
    return this.#samples;
  }

  append(samples: readonly Sample[]): number {
    if (samples.length === 0) return 0;
    const { text, crc } = encodeBatch(samples);
    const bytes = Buffer.byteLength(text) + ROW_BYTES;
    return this.#run(() => {
      const gone = { samples: 0, bytes: 0 };
      inTransaction(this.#database, () => {
        this.#statements.remove.run(this.#doneId);
        while (this.#bytes - gone.bytes + bytes > this.#options.bytesMax) {
          const oldest = this.#statements.dropOldest.get();
          if (oldest === undefined) break;
          gone.samples += Number(oldest.samples);
          gone.bytes += Number(oldest.bytes);
        }
        this.#statements.append.run(samples.length, bytes, crc, text);
      });
      this.#samples += samples.length - gone.samples;
      this.#bytes += bytes - gone.bytes;
      return gone.samples;
    });
  }

  oldest(samplesMax: number): SpooledBatch | null {
    return this.#run(() => {
      let id = this.#doneId;
      const samples: Sample[] = [];
      for (const row of this.#statements.read.iterate(this.#doneId)) {
        if (samples.length > 0 && samples.length + Number(row.samples) > samplesMax) break;
        const batch = decodeBatch({ text: String(row.body), crc: Number(row.crc) });
        if (batch === null) throw new BrokenFile(`what was written as batch ${row.id} is not what is read`);
        samples.push(...batch);
        id = Number(row.id);
      }
      return samples.length === 0 ? null : { file: this.#file, id, samples };
    });
  }

  remove({ file, id }: SpooledBatch): void {
    if (file !== this.#file) return;
    const { samples, bytes } = this.#run(() => this.#statements.sizeTo.get(this.#doneId, id)) as {
      samples: number;
      bytes: number;
    };
    // Put aside by that very question: ids of the new file begin anew.
    if (file !== this.#file) return;
    this.#doneId = id;
    this.#samples -= samples;
    this.#bytes -= bytes;
    this.#run(() => this.#statements.remove.run(id));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #run<T>(work: () => T): T {
    if (!this.#database.isOpen) throw new SpoolError(`${this.#options.path}: the spool is closed`);
    try {
      return work();
    } catch (error) {
      if (!isBroken(error)) throw this.#trouble(error);
      try {
        this.#database = this.#beginAnew(error);
        this.#statements = prepareStatements(this.#database);
        this.#count();
        return work();
      } catch (again) {
        throw this.#trouble(again);
      }
    }
  }

  #trouble(error: unknown): SpoolError {
    if (error instanceof SpoolError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new SpoolError(`${this.#options.path}: ${reason}`, { cause: error });
  }

  #openFile(): DatabaseSync {
    const database = this.#open(this.#options.path, SCHEMA);
    try {
      database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_size_limit = ${LOG_BYTES_MAX}`);
      // Takes the lock now, and not when the first sample must be saved.
      database.exec('BEGIN IMMEDIATE; COMMIT');
      if (this.#options.pagesMax !== undefined) database.exec(`PRAGMA max_page_count = ${this.#options.pagesMax}`);
      const found = database.prepare('PRAGMA quick_check(1)').get()?.quick_check;
      if (found !== 'ok') throw new BrokenFile(String(found).replaceAll('\n', ' '));
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Nothing is deleted: whoever wants to can still look into the old file, or have SQLite recover it. */
  #beginAnew(error: unknown): DatabaseSync {
    if (this.#database?.isOpen) this.#database.close();
    const { path } = this.#options;
    let aside = '';
    for (let n = 1; aside === '' && n <= ASIDE_MAX; n++)
      if (!existsSync(`${path}.corrupt-${n}`)) aside = `${path}.corrupt-${n}`;
    if (aside === '')
      throw new SpoolError(`${path}: corrupt, and ${ASIDE_MAX} such files lie beside it: move them away`);
    for (const end of ['', '-wal', '-shm']) if (existsSync(path + end)) renameSync(path + end, aside + end);
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onSetAside(
      `${path} is corrupt (${reason}): put aside as ${aside}, a new one is begun`,
      this.#samples,
    );
    this.#doneId = 0;
    this.#file++;
    return this.#openFile();
  }

  #count(): void {
    const { samples, bytes } = this.#statements.sizeTo.get(0, Number.MAX_SAFE_INTEGER) as {
      samples: number;
      bytes: number;
    };
    this.#samples = samples;
    this.#bytes = bytes;
  }
}

function isBroken(error: unknown): boolean {
  if (error instanceof BrokenFile) return true;
  const code = (error as { errcode?: number } | undefined)?.errcode;
  // The low byte is the kind, the rest says more about it.
  return code !== undefined && BROKEN.includes(code & 0xff);
}

function prepareStatements(database: DatabaseSync) {
  return {
    append: database.prepare('INSERT INTO batch (samples, bytes, crc, body) VALUES (?, ?, ?, ?)'),
    read: database.prepare('SELECT id, samples, crc, body FROM batch WHERE id > ? ORDER BY id'),
    sizeTo: database.prepare(
      'SELECT coalesce(sum(samples), 0) AS samples, coalesce(sum(bytes), 0) AS bytes FROM batch WHERE id > ? AND id <= ?',
    ),
    remove: database.prepare('DELETE FROM batch WHERE id <= ?'),
    dropOldest: database.prepare('DELETE FROM batch WHERE id = (SELECT min(id) FROM batch) RETURNING samples, bytes'),
  };
}
