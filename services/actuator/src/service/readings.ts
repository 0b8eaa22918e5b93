import type { Bus, Subscription } from '@forescale/shared/bus';
import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import { lookBackMs, SourceCombiner, type SourceValue, STALE_INTERVALS } from '@forescale/shared/domain';
import type { Health, Store } from '@forescale/shared/store';
import { decodeEvent, sampleSchema, subjects } from '@forescale/shared/wire';

/** Rows of one signal in one look: 3 intervals (of a counter 6) of some 300 sources. */
const ROWS_MAX = 2_000;
/** Live samples kept per signal for when the store is away. */
const LIVE_MAX = 2_000;

/** The newest value of a signal, its sources combined. */
export interface Reading {
  readonly signal: string;
  readonly timeMs: number;
  readonly value: number;
}

/** The pool's signals as last measured: from the store, and from the live copies on the bus where that is behind or away. */
export class Readings {
  readonly #pool: PoolConfig;
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #live = new Map<string, SourceValue[]>();
  #subscription: Subscription | null = null;

  constructor(pool: PoolConfig, store: Store, bus: Bus) {
    this.#pool = pool;
    this.#store = store;
    this.#bus = bus;
  }

  async read(nowMs: number): Promise<{ readonly readings: Reading[]; readonly store: Health }> {
    await this.#listen();
    let store: Health = { ok: true };
    const readings = await Promise.all(
      this.#pool.signals.map(async (signal) => {
        const fromMs = nowMs - lookBackMs(signal);
        const stored = await this.#stored(signal, fromMs, nowMs).catch((error: unknown) => {
          store = { ok: false, reason: error instanceof Error ? error.message : String(error) };
          return [];
        });
        const live = (this.#live.get(signal.name) ?? []).filter((one) => one.timeMs > fromMs && one.timeMs <= nowMs);
        return combine(signal, [...stored, ...live], nowMs);
      }),
    );
    return { readings: readings.filter((one) => one !== null), store };
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop();
  }

  async #stored(signal: SignalConfig, fromMs: number, toMs: number): Promise<SourceValue[]> {
    const rows = await this.#store.query({
      measurement: 'kpi',
      tags: { pool: this.#pool.name, signal: signal.name },
      fields: ['value'],
      fromMs,
      toMs,
      order: 'descending',
      limit: ROWS_MAX,
    });
    return rows.flatMap(({ timeMs, tags, fields }) =>
      typeof fields.value === 'number' ? [{ source: tags.source ?? '', timeMs, value: fields.value }] : [],
    );
  }

  /** While the bus is away the store has to do; it is tried again at the next tick. */
  async #listen(): Promise<void> {
    if (this.#subscription !== null) return;
    try {
      this.#subscription = await this.#bus.subscribe(subjects.sample(this.#pool.name, '*'), ({ data }) => {
        const { signal, source, timeMs, value } = decodeEvent(data, sampleSchema);
        const config = this.#pool.signals.find((one) => one.name === signal);
        if (!config) return;
        const sinceMs = timeMs - lookBackMs(config);
        const fresh = (this.#live.get(signal) ?? []).filter((one) => one.timeMs > sinceMs);
        this.#live.set(signal, [...fresh.slice(1 - LIVE_MAX), { source, timeMs, value }]);
      });
    } catch {
      this.#subscription = null;
    }
  }
}

function combine(signal: SignalConfig, values: readonly SourceValue[], nowMs: number): Reading | null {
  const inOrder = values.toSorted((a, b) => a.timeMs - b.timeMs);
  const combined = new SourceCombiner(signal).add(inOrder);
  const timeMs = combined.timesMs.at(-1);
  const value = combined.values.at(-1);
  if (timeMs === undefined || value === undefined || nowMs - timeMs >= STALE_INTERVALS * signal.intervalMs) return null;
  return { signal: signal.name, timeMs, value };
}
