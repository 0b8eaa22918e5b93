import { StoreRejectedError, StoreUnavailableError } from './errors.ts';
import { InfluxClient, type InfluxConnection, InfluxFailure } from './influx-client.ts';
import { selectStatement, tagsOfSeriesKey, toLines, toRows } from './influx-line.ts';
import { type InfluxSetup, setUpInflux } from './influx-setup.ts';
import { checkMeasurement, checkPoints, type ParsedQuery, parseQuery } from './parse.ts';
import type { Health, Point, Store, StoreQuery, StoreRow } from './store.ts';

export interface InfluxStoreOptions extends InfluxConnection {
  /** Of the server; 1 unless told. In 2.x database, retention and rollups are others' to set up. */
  readonly version?: 1 | 2;
  /** How long the server keeps points, where we may decide it; for ever when absent. */
  readonly retentionDays?: number;
  /** How long it keeps means of 5 minutes and hours, which it is told to make; it makes none when absent. */
  readonly rollupDays?: number;
  /** Told once what the server did not let us set up; writing goes on. */
  readonly onNotice?: (message: string) => void;
}

/** Of one HTTP call; measured: throughput peaks near 5,000 points. */
const POINTS_PER_CALL = 5_000;
const HEALTH_TIMEOUT_MS = 2_000;
/** Says nothing about what was sent: bad login, no database yet, time-out, too many requests. */
const TRY_LATER = [401, 403, 404, 408, 429];

/**
 * InfluxDB 1.x, or 2.x through its 1.x interface. Nothing is asked of the server here: the database is made on first
 * use, so that a service starts while its store is away.
 */
export async function createInfluxStore(options: InfluxStoreOptions): Promise<Store> {
  return new InfluxStore(await InfluxClient.open(options), options);
}

class InfluxStore implements Store {
  readonly #client: InfluxClient;
  readonly #database: string;
  /** Null: not ours to do. */
  readonly #setup: InfluxSetup | null;
  readonly #onNotice: (message: string) => void;
  #ready: Promise<void> | null = null;
  /** The last call found no database; a store that has not been used yet is to make it. */
  #missing = false;
  #closed = false;

  constructor(client: InfluxClient, options: InfluxStoreOptions) {
    this.#client = client;
    this.#database = options.database;
    const { database, retentionDays = null, rollupDays = null } = options;
    this.#setup = options.version === 2 ? null : { database, retentionDays, rollupDays };
    this.#onNotice = options.onNotice ?? (() => {});
  }

  async write(points: readonly Point[]): Promise<void> {
    checkPoints(points);
    await this.#run(async () => {
      for (let start = 0; start < points.length; start += POINTS_PER_CALL) {
        await this.#client.write(toLines(points.slice(start, start + POINTS_PER_CALL)));
      }
    });
  }

  async query(query: StoreQuery): Promise<StoreRow[]> {
    const parsed = parseQuery(query);
    return this.#run(() => this.#read(parsed));
  }

  async series(measurement: string): Promise<Readonly<Record<string, string>>[]> {
    checkMeasurement(measurement);
    return this.#run(async () => {
      const tables = await this.#client.query(`SHOW SERIES FROM "${measurement}"`);
      return tables.flatMap((table) => table.values.map(([key]) => tagsOfSeriesKey(String(key))));
    });
  }

  async health(): Promise<Health> {
    if (this.#closed) return { ok: false, reason: 'the store is closed' };
    try {
      const [table] = await this.#client.query('SHOW DATABASES', 'GET', HEALTH_TIMEOUT_MS);
      const known = table?.values.some(([name]) => name === this.#database) ?? false;
      if (known || (this.#ready === null && !this.#missing)) return { ok: true };
      return { ok: false, reason: `InfluxDB has no database ${this.#database}, or does not let us see it` };
    } catch (error) {
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#client.close();
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new StoreUnavailableError('the store is closed');
    try {
      this.#ready ??= this.#setUp();
      const ready = this.#ready;
      await ready.catch((error: unknown) => {
        if (this.#ready === ready) this.#ready = null;
        throw error;
      });
      const result = await work();
      this.#missing = false;
      return result;
    } catch (error) {
      if (!(error instanceof InfluxFailure)) throw error;
      // Dropped behind our back: the next call makes it again.
      if (error.databaseIsMissing) {
        this.#ready = null;
        this.#missing = true;
      }
      const later = error.status === null || error.status >= 500 || TRY_LATER.includes(error.status);
      const TypedError = later || error.databaseIsMissing ? StoreUnavailableError : StoreRejectedError;
      throw new TypedError(error.message, { cause: error });
    }
  }

  /**
   * A server with a `max-row-limit` cuts its answer and says `partial`; one without says so, too, of any answer of more
   * than 10,000 rows. So the rest is asked for until nothing comes.
   */
  async #read(query: ParsedQuery): Promise<StoreRow[]> {
    const rows: StoreRow[] = [];
    for (;;) {
      const [table] = await this.#client.query(selectStatement(query, rows.length));
      if (table === undefined) return rows;
      for (const row of toRows(table, query.fields)) rows.push(row);
      if (!table.partial || rows.length >= query.limit) return rows;
    }
  }

  async #setUp(): Promise<void> {
    if (this.#setup !== null) return setUpInflux(this.#client, this.#setup, this.#onNotice);
    this.#onNotice(
      `InfluxDB 2: retention and rollups are its buckets' own; database ${this.#database} must be mapped to one (influx v1 dbrp create)`,
    );
  }
}
