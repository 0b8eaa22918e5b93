/**
 * One row of a measurement: tags identify its series, `(measurement, tags, timeMs)` identifies the point. Writing a
 * point again replaces the fields that it carries and adds nothing, so that a writer may always repeat itself.
 */
export interface Point {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** At least one; numbers finite. */
  readonly fields: Readonly<Record<string, number | string | boolean>>;
  readonly timeMs: number;
}

export interface StoreQuery {
  readonly measurement: string;
  /** Only series that carry all of these. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly fields: readonly string[];
  /** Half-open from below: fromMs < time <= toMs. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly order?: 'ascending' | 'descending';
  /** At most this many rows; every query has a bound. */
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
 * Every method rejects with `StoreUnavailableError` when the store cannot be reached (try again later) and with
 * `StoreRejectedError` when it refuses what was sent (do not).
 */
export interface Store {
  /** Resolves when all points are durable. In one call at most 10,000 points. */
  write(points: readonly Point[]): Promise<void>;
  /** Rows in order of time, over all matching series. */
  query(query: StoreQuery): Promise<StoreRow[]>;
  /** The tag sets of a measurement's series. */
  series(measurement: string): Promise<Readonly<Record<string, string>>[]>;
  health(): Promise<Health>;
  close(): Promise<void>;
}
