import type { SignalConfig } from '@forescale/shared/config';
import { type Series, SourceCombiner } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';

/** Rows read at once; a longer history is read in pages of this size. */
const PAGE_ROWS = 10_000;

/**
 * Reads one signal from the store, page by page in order of time, its sources combined. Each call of `next` gives
 * what came since the last one. A sample that arrives late is passed by: the forecaster that follows live learns in
 * order of time. It is in the store, and is learned from when the history is read anew, before each training.
 */
export class SignalHistory {
  readonly #store: Store;
  readonly #pool: string;
  readonly #signal: string;
  readonly #combiner: SourceCombiner;
  #givenUntilMs: number;
  #oldestRowMs: number | null = null;
  #hasMore = true;

  constructor(store: Store, pool: string, signal: SignalConfig, fromMs: number) {
    this.#store = store;
    this.#pool = pool;
    this.#signal = signal.name;
    this.#combiner = new SourceCombiner(signal);
    this.#givenUntilMs = fromMs;
  }

  /** Whether the last page was full: there may be more at once. True before the first one. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** Of the first row read, before sources are combined or a counter has a rate; null while there was none. */
  get oldestRowMs(): number | null {
    return this.#oldestRowMs;
  }

  /** The combined samples after the last call's and up to `nowMs`; at most one page, empty when there are no more. */
  async next(nowMs: number): Promise<Series> {
    const rows = await this.#store.query({
      measurement: 'kpi',
      tags: { pool: this.#pool, signal: this.#signal },
      fields: ['value'],
      fromMs: this.#givenUntilMs,
      toMs: nowMs,
      order: 'ascending',
      limit: PAGE_ROWS,
    });
    const values = rows.flatMap(({ timeMs, tags, fields }) =>
      typeof fields.value === 'number' ? [{ source: tags.source ?? '', timeMs, value: fields.value }] : [],
    );
    this.#oldestRowMs ??= rows[0]?.timeMs ?? null;
    this.#hasMore = rows.length === PAGE_ROWS;
    // A full page may end in the middle of one moment; its last moment is read again with the next page.
    const lastMs = rows.at(-1)?.timeMs ?? this.#givenUntilMs;
    const cut = rows.length === PAGE_ROWS && rows[0]?.timeMs !== lastMs;
    const given = cut ? values.filter((value) => value.timeMs < lastMs) : values;
    this.#givenUntilMs = given.at(-1)?.timeMs ?? this.#givenUntilMs;
    return this.#combiner.add(given);
  }
}
