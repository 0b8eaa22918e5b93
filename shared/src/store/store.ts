/**
 * One row of a measurement: tags identify its series, `(measurement, tags, timeMs)` identifies the point. Writing a
 * point again replaces the fields that it carries and adds nothing, so that a writer may always repeat itself.
 *
 * Names (measurement, tag and field names) match `[A-Za-z][A-Za-z0-9_.:/-]{0,199}` and are not `time`; a name is a tag or a
 * field, not both. Tag values are any text but the empty one, without control characters and backslashes (InfluxDB
 * cannot tell those apart from its escapes).
 */
export interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** At least one; numbers finite, texts without NUL and up to 64 KiB. A field of a measurement keeps the type of its first value. */
  readonly fields: Readonly<Record<string, number | string | boolean>>;
  /** A whole number of milliseconds, 1678 to 2262. */
  readonly timeMs: number;
}

export interface StoreQuery {
  readonly measurement: string;
  /** Only series that carry all of these. */
  readonly tags?: Readonly<Record<string, string>>;
  /** At least one. A row is a point that carries at least one of them. */
  readonly fields: readonly string[];
  /** Half-open from below: fromMs < time <= toMs. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** By time; ascending unless told. */
  readonly order?: 'ascending' | 'descending';
  /** At most this many rows, 1 to 1,000,000; every query has a bound. */
  readonly limit: number;
}

/** A row of an answer. Fields that the point does not carry are absent. */
export interface StoreRow {
  readonly timeMs: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number | string | boolean>>;
}

/** Whether a dependency answers, and if not, why in one line. */
export type Health = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/**
 * Where measurements are kept. Two adapters: InfluxDB and embedded SQLite; one conformance suite holds both.
 * Every method rejects with `StoreUnavailableError` when the store cannot be reached or does not let us in (try again
 * later) and with `StoreRejectedError` when it refuses what was sent (do not).
 */
export interface Store {
  /**
   * Resolves when all points are durable. In one call at most 10,000 points; when it rejects, any part of them may
   * have been written.
   */
  write(points: readonly Point[]): Promise<void>;
  /** Rows in order of time, over all matching series; rows of one time in no particular order. */
  query(query: StoreQuery): Promise<StoreRow[]>;
  /** The tag sets of a measurement's series. */
  series(measurement: string): Promise<Readonly<Record<string, string>>[]>;
  /** Never rejects. */
  health(): Promise<Health>;
  close(): Promise<void>;
}
