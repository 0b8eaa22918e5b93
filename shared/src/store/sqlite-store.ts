import type { DatabaseSync } from 'node:sqlite';
import { type Clock, systemClock } from '../time/index.ts';
import { StoreRejectedError, StoreUnavailableError } from './errors.ts';
import { checkMeasurement, checkPoints, type FieldKind, fieldKind, type ParsedQuery, parseQuery } from './parse.ts';
import { inTransaction, openSqlite, type SqliteSchema } from './sqlite-file.ts';
import type { Health, Point, Store, StoreQuery, StoreRow } from './store.ts';

export interface SqliteStoreOptions {
  /** Of the database file, made with its folder when absent; `:memory:` keeps nothing. */
  readonly path: string;
  /** Points older than this are removed, about once an hour; kept for ever when absent. */
  readonly retentionDays?: number;
  readonly clock?: Clock;
}

/**
 * A field of a series is one run of rows in time order: reading it is a range scan of the table itself. One column
 * for numbers and booleans (0, 1), one for texts; the field's kind tells which.
 */
const SCHEMA: SqliteSchema = {
  kind: 'Forescale store',
  applicationId: 0x46_53_63_31,
  versions: [
    `CREATE TABLE series (
       id INTEGER PRIMARY KEY, measurement TEXT NOT NULL, tags TEXT NOT NULL, UNIQUE (measurement, tags)
     ) STRICT;
     CREATE TABLE field (
       id INTEGER PRIMARY KEY, measurement TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
       UNIQUE (measurement, name)
     ) STRICT;
     CREATE TABLE point (
       series_id INTEGER NOT NULL, field_id INTEGER NOT NULL, time_ms INTEGER NOT NULL, number REAL, text TEXT,
       PRIMARY KEY (series_id, field_id, time_ms)
     ) STRICT, WITHOUT ROWID;`,
  ],
};

const DAY_MS = 86_400_000;
const PRUNE_EVERY_MS = 3_600_000;

type Value = number | string | boolean;
interface Field {
  readonly id: number;
  readonly name: string;
  readonly kind: FieldKind;
}
interface Series {
  readonly id: number;
  readonly tags: Readonly<Record<string, string>>;
}
interface MutableRow extends StoreRow {
  readonly fields: Record<string, Value>;
}

/** The store of one machine: a file, no server. Rejects with `SqliteFileError` when the file cannot be used. */
export async function createSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  return new SqliteStore(await openSqlite(options.path, SCHEMA), options);
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #retentionMs: number | null;
  readonly #clock: Clock;
  #prunedMs = Number.NEGATIVE_INFINITY;

  constructor(database: DatabaseSync, { retentionDays, clock = systemClock }: SqliteStoreOptions) {
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#retentionMs = retentionDays === undefined ? null : retentionDays * DAY_MS;
    this.#clock = clock;
  }

  async write(points: readonly Point[]): Promise<void> {
    checkPoints(points);
    if (points.length === 0) return;
    this.#run(() =>
      inTransaction(this.#database, () => {
        this.#insert(points);
        this.#prune();
      }),
    );
  }

  async query(query: StoreQuery): Promise<StoreRow[]> {
    const parsed = parseQuery(query);
    return this.#run(() => this.#read(parsed));
  }

  async series(measurement: string): Promise<Readonly<Record<string, string>>[]> {
    checkMeasurement(measurement);
    return this.#run(() => this.#seriesOf(measurement).map((series) => series.tags));
  }

  async health(): Promise<Health> {
    try {
      this.#run(() => this.#database.prepare('SELECT 1 FROM series LIMIT 1').get());
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  #insert(points: readonly Point[]): void {
    const seriesIds = new Map<string, number>();
    const fields = new Map<string, Field>();
    for (const point of points) {
      const tags = canonicalTags(point.tags);
      const seriesKey = `${point.measurement} ${tags}`;
      const seriesId = seriesIds.get(seriesKey) ?? this.#seriesId(point.measurement, tags);
      seriesIds.set(seriesKey, seriesId);
      for (const [name, value] of Object.entries(point.fields)) {
        const fieldKey = `${point.measurement} ${name}`;
        const field = fields.get(fieldKey) ?? this.#field(point.measurement, name, fieldKind(value));
        fields.set(fieldKey, field);
        if (field.kind !== fieldKind(value)) {
          throw new StoreRejectedError(
            `${point.measurement}: field ${name} holds a ${field.kind}, the value is a ${fieldKind(value)}`,
          );
        }
        const isText = typeof value === 'string';
        this.#statements.writePoint.run(
          seriesId,
          field.id,
          point.timeMs,
          isText ? null : Number(value),
          isText ? value : null,
        );
      }
    }
  }

  #seriesId(measurement: string, tags: string): number {
    this.#statements.addSeries.run(measurement, tags);
    return Number(this.#statements.seriesId.get(measurement, tags)?.id);
  }

  #field(measurement: string, name: string, kind: FieldKind): Field {
    this.#statements.addField.run(measurement, name, kind);
    return this.#statements.field.get(measurement, name) as unknown as Field;
  }

  #seriesOf(measurement: string): Series[] {
    const rows = this.#statements.series.all(measurement);
    return rows.map((row) => ({ id: Number(row.id), tags: JSON.parse(String(row.tags)) }));
  }

  /** Reads series by series; as soon as there are `limit` rows, later series need not be read beyond the last of them. */
  #read(query: ParsedQuery): StoreRow[] {
    const { measurement, descending, limit } = query;
    const fields = query.fields.flatMap((name) => {
      const field = this.#statements.field.get(measurement, name);
      return field === undefined ? [] : [field as unknown as Field];
    });
    const wanted = Object.entries(query.tags);
    let { fromMs, toMs } = query;
    let rows: StoreRow[] = [];
    for (const series of this.#seriesOf(measurement)) {
      if (!wanted.every(([name, value]) => series.tags[name] === value)) continue;
      const more = this.#readSeries(series, fields, { ...query, fromMs, toMs });
      if (more.length === 0) continue;
      rows = rows.concat(more).sort(inOrder(descending)).slice(0, limit);
      const last = rows[limit - 1];
      if (last !== undefined && descending) fromMs = Math.max(fromMs, last.timeMs - 1);
      else if (last !== undefined) toMs = Math.min(toMs, last.timeMs);
    }
    return rows;
  }

  /** The first `limit` rows of a series are among the first `limit` values of each of its fields. */
  #readSeries({ id, tags }: Series, fields: readonly Field[], query: ParsedQuery): StoreRow[] {
    const { fromMs, toMs, descending, limit } = query;
    const read = descending ? this.#statements.readDescending : this.#statements.readAscending;
    const byTime = new Map<number, MutableRow>();
    for (const field of fields) {
      const values = read.all(id, field.id, fromMs, toMs, limit) as unknown as [number, number | null, string | null][];
      for (const [timeMs, number, text] of values) {
        const value = field.kind === 'boolean' ? number === 1 : (text ?? number ?? 0);
        const row = byTime.get(timeMs);
        if (row === undefined) byTime.set(timeMs, { timeMs, tags, fields: { [field.name]: value } });
        else row.fields[field.name] = value;
      }
    }
    const rows = [...byTime.values()];
    return fields.length > 1 ? rows.sort(inOrder(descending)).slice(0, limit) : rows;
  }

  #prune(): void {
    const nowMs = this.#clock.nowMs();
    if (this.#retentionMs === null || nowMs - this.#prunedMs < PRUNE_EVERY_MS) return;
    for (const run of this.#statements.runs.all()) {
      this.#statements.prunePoints.run(Number(run.series_id), Number(run.field_id), nowMs - this.#retentionMs);
    }
    this.#statements.pruneSeries.run();
    this.#prunedMs = nowMs;
  }

  #run<T>(work: () => T): T {
    if (!this.#database.isOpen) throw new StoreUnavailableError('the store is closed');
    try {
      return work();
    } catch (error) {
      if (error instanceof StoreRejectedError) throw error;
      // What was asked has been checked: what SQLite still refuses is the disk, a lock or the file.
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreUnavailableError(`SQLite: ${reason}`, { cause: error });
    }
  }
}

function inOrder(descending: boolean): (a: StoreRow, b: StoreRow) => number {
  return descending ? (a, b) => b.timeMs - a.timeMs : (a, b) => a.timeMs - b.timeMs;
}

function canonicalTags(tags: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))));
}

function prepareStatements(database: DatabaseSync) {
  const read = (order: 'ASC' | 'DESC') => {
    const statement = database.prepare(
      `SELECT time_ms, number, text FROM point
       WHERE series_id = ? AND field_id = ? AND time_ms > ? AND time_ms <= ? ORDER BY time_ms ${order} LIMIT ?`,
    );
    statement.setReturnArrays(true);
    return statement;
  };
  return {
    addSeries: database.prepare('INSERT INTO series (measurement, tags) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    seriesId: database.prepare('SELECT id FROM series WHERE measurement = ? AND tags = ?'),
    series: database.prepare('SELECT id, tags FROM series WHERE measurement = ? ORDER BY tags'),
    addField: database.prepare('INSERT INTO field (measurement, name, kind) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    field: database.prepare('SELECT id, name, kind FROM field WHERE measurement = ? AND name = ?'),
    writePoint: database.prepare(
      `INSERT INTO point (series_id, field_id, time_ms, number, text) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET number = excluded.number, text = excluded.text`,
    ),
    readAscending: read('ASC'),
    readDescending: read('DESC'),
    runs: database.prepare(
      'SELECT series.id AS series_id, field.id AS field_id FROM series JOIN field USING (measurement)',
    ),
    prunePoints: database.prepare('DELETE FROM point WHERE series_id = ? AND field_id = ? AND time_ms < ?'),
    pruneSeries: database.prepare(
      'DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM point WHERE point.series_id = series.id)',
    ),
  };
}
