import {
  type Health,
  type Point,
  type Store,
  type StoreQuery,
  type StoreRow,
  StoreUnavailableError,
} from '@forescale/shared/store';
import type { Link } from './link.ts';

const KEPT_MS = 15 * 60_000;
const TIMEOUT_MS = 10_000;

/** The last minutes of the measurement `kpi`; nothing else is ever read back. */
export class RecentKpis {
  #rows: (StoreRow & { readonly measurement: string })[] = [];

  write(points: readonly Point[]): void {
    for (const point of points) if (point.measurement === 'kpi') this.#rows.push(point);
    const newestMs = this.#rows.at(-1)?.timeMs ?? 0;
    if ((this.#rows[0]?.timeMs ?? newestMs) < newestMs - 2 * KEPT_MS)
      this.#rows = this.#rows.filter(({ timeMs }) => timeMs > newestMs - KEPT_MS);
  }

  query(query: StoreQuery): StoreRow[] {
    const { measurement, tags = {}, fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY } = query;
    const wanted = Object.entries(tags);
    const rows = this.#rows.filter(
      (row) =>
        row.measurement === measurement &&
        row.timeMs > fromMs &&
        row.timeMs <= toMs &&
        wanted.every(([name, value]) => row.tags[name] === value),
    );
    return (query.order === 'descending' ? rows.reverse() : rows).slice(0, query.limit);
  }
}

/** A store as one process reaches it. */
export class StorePort implements Store {
  readonly #kpis: RecentKpis;
  readonly #link: Link;

  constructor(kpis: RecentKpis, link: Link) {
    this.#kpis = kpis;
    this.#link = link;
  }

  write(points: readonly Point[]): Promise<void> {
    return this.#call('write', () => this.#kpis.write(points));
  }

  query(query: StoreQuery): Promise<StoreRow[]> {
    return this.#call('read', () => this.#kpis.query(query));
  }

  async series(): Promise<never[]> {
    return [];
  }

  async health(): Promise<Health> {
    return { ok: true };
  }

  async close(): Promise<void> {}

  #call<T>(kind: 'read' | 'write', effect: () => T): Promise<T> {
    const errorOf = (fate: string, call: string) => new StoreUnavailableError(`${call}: ${fate}`);
    return this.#link.call({ call: `store.${kind}`, thereMs: 5, backMs: 0, timeoutMs: TIMEOUT_MS, errorOf }, effect);
  }
}
