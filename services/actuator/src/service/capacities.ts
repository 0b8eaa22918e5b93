import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import { type Resources, SourceCombiner, type SourceValue } from '@forescale/shared/domain';
import type { StateBucket } from '@forescale/shared/state';
import type { Store } from '@forescale/shared/store';
import { z } from 'zod';
import {
  type CapacitySample,
  type KeptCapacity,
  keepCapacity,
  type LearnedCapacity,
  learnCapacity,
} from '../plan/index.ts';
import { encodeStored, readStored } from './stored.ts';

const WINDOW_MS = 86_400_000;
const CELL_MS = 600_000;
/** A day of a signal in one look: 69 sources a minute. */
const ROWS_MAX = 100_000;

const amount = z.number().min(0);
const resourcesSchema = z.object({ cpuMillicores: amount, memoryBytes: amount, pods: amount, gpus: amount });
const storedSchema = z.object({
  /** Of the template that the values hold for. */
  allocatable: resourcesSchema,
  signals: z.record(
    z.string(),
    z.object({ perNode: z.number().positive(), confirmedMs: z.number(), why: z.string().max(1_000) }),
  ),
});

const REQUESTED = { cpuMillicores: 'requested-cpu', memoryBytes: 'requested-memory', pods: 'requested-pods' } as const;

/** Learns what a node carries of the signals that do not declare it, every ten minutes; kept across restarts. */
export class Capacities {
  readonly #pool: PoolConfig;
  readonly #store: Store;
  readonly #state: StateBucket;
  readonly #key: string;
  readonly #signals: readonly SignalConfig[];
  #kept: Map<string, KeptCapacity> | null = null;
  #learnedMs = Number.NEGATIVE_INFINITY;
  #capacities: readonly LearnedCapacity[] = [];

  constructor(pool: PoolConfig, store: Store, state: StateBucket) {
    this.#pool = pool;
    this.#store = store;
    this.#state = state;
    this.#key = `capacity.${pool.name}`;
    this.#signals = pool.capacity === 'auto' ? pool.signals.filter((one) => one.capacityPerNode === null) : [];
  }

  get all(): readonly LearnedCapacity[] {
    return this.#capacities;
  }

  async load(): Promise<void> {
    if (this.#kept !== null || this.#signals.length === 0) return;
    const { value } = await readStored(this.#state, this.#key, storedSchema);
    const holds = value !== null && isSame(value.allocatable, this.#pool.template.allocatable);
    this.#kept = new Map(Object.entries(holds ? value.signals : {}));
    this.#capacities = [...this.#kept].map(([signal, { perNode, why }]) => ({ signal, perNode, why }));
  }

  /** `room`: what a new node offers to pods. Rejects with the errors of store and bucket; what was known stays. */
  async learn(room: Resources, nowMs: number): Promise<void> {
    if (this.#kept === null || this.#signals.length === 0 || nowMs - this.#learnedMs < CELL_MS) return;
    const kept = new Map(this.#kept);
    const [cpu, memory, pods] = await Promise.all(
      Object.values(REQUESTED).map((name) =>
        this.#cells({ name, kind: 'gauge', aggregate: 'last', intervalMs: CELL_MS }, nowMs),
      ),
    );
    const capacities: LearnedCapacity[] = [];
    for (const signal of this.#signals) {
      const samples: CapacitySample[] = [];
      for (const [cell, value] of await this.#cells(signal, nowMs)) {
        const requested = { cpuMillicores: cpu?.get(cell), memoryBytes: memory?.get(cell), pods: pods?.get(cell) };
        if (isComplete(requested)) samples.push({ value, requested });
      }
      const learned = learnCapacity(samples, room);
      const before = kept.get(signal.name) ?? null;
      const now = keepCapacity(before, learned, nowMs);
      if (now === null) kept.delete(signal.name);
      else kept.set(signal.name, now);
      const since =
        learned.perNode === null && now !== null ? `, ${hoursOld(now, nowMs)} h ago; since then ${learned.why}` : '';
      capacities.push({
        signal: signal.name,
        perNode: now?.perNode ?? null,
        why: `${now?.why ?? learned.why}${since}`,
      });
    }
    this.#learnedMs = nowMs;
    this.#capacities = capacities;
    this.#kept = kept;
    const stored = { allocatable: this.#pool.template.allocatable, signals: Object.fromEntries(kept) };
    await this.#state.put(this.#key, encodeStored(stored));
  }

  /** Means over ten minutes each, by the number of the cell. */
  async #cells(
    signal: Pick<SignalConfig, 'name' | 'kind' | 'aggregate' | 'intervalMs'>,
    nowMs: number,
  ): Promise<ReadonlyMap<number, number>> {
    const rows = await this.#store.query({
      measurement: 'kpi',
      tags: { pool: this.#pool.name, signal: signal.name },
      fields: ['value'],
      fromMs: nowMs - WINDOW_MS,
      toMs: nowMs,
      order: 'descending',
      limit: ROWS_MAX,
    });
    const values = rows.reverse().flatMap(({ timeMs, tags, fields }): SourceValue[] => {
      return typeof fields.value === 'number' ? [{ source: tags.source ?? '', timeMs, value: fields.value }] : [];
    });
    const combined = new SourceCombiner(signal).add(values);
    const sums = new Map<number, { sum: number; count: number }>();
    for (const [index, value] of combined.values.entries()) {
      const cell = Math.floor((combined.timesMs[index] as number) / CELL_MS);
      const known = sums.get(cell) ?? { sum: 0, count: 0 };
      sums.set(cell, { sum: known.sum + value, count: known.count + 1 });
    }
    return new Map([...sums].map(([cell, { sum, count }]) => [cell, sum / count]));
  }
}

function isComplete(
  requested: Readonly<Record<keyof typeof REQUESTED, number | undefined>>,
): requested is CapacitySample['requested'] {
  return Object.values(requested).every((value) => value !== undefined);
}

function isSame(a: Resources, b: Resources): boolean {
  return (
    a.cpuMillicores === b.cpuMillicores && a.memoryBytes === b.memoryBytes && a.pods === b.pods && a.gpus === b.gpus
  );
}

function hoursOld({ confirmedMs }: KeptCapacity, nowMs: number): number {
  return Math.round((nowMs - confirmedMs) / 3_600_000);
}
