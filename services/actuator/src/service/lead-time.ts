import type { StateBucket } from '@forescale/shared/state';
import { z } from 'zod';
import type { MeasuredLead } from '../plan/index.ts';
import { encodeStored, readStored } from './stored.ts';

const WINDOW = 64;
const OFFERINGS_MAX = 256;
/** Fewer than this say little about a 95th percentile: a wider or the configured lead time holds until then. */
const SAMPLES_MIN = 5;

const seconds = z.array(z.number().min(0)).max(WINDOW);
const storedSchema = z.object({
  seconds,
  /** By `offeringId`; the one that was measured last comes last. */
  offerings: z
    .array(z.tuple([z.string().max(300), seconds]))
    .max(OFFERINGS_MAX)
    .default([]),
});

/** How long one node took from request to Ready. */
export interface MeasuredStart {
  readonly offeringId: string;
  readonly seconds: number;
}

/**
 * How long the pool's last nodes took from request to Ready, by offering and all together, kept across restarts. A
 * window of 64 nodes each; of more than 256 offerings those that were measured last.
 */
export class LeadTimes {
  readonly #state: StateBucket;
  readonly #key: string;
  #known: { readonly all: readonly number[]; readonly byOffering: ReadonlyMap<string, readonly number[]> } | null =
    null;

  constructor(state: StateBucket, pool: string) {
    this.#state = state;
    this.#key = `lead.${pool}`;
  }

  async load(): Promise<void> {
    if (this.#known !== null) return;
    const { value } = await readStored(this.#state, this.#key, storedSchema);
    this.#known = { all: value?.seconds ?? [], byOffering: new Map(value?.offerings) };
  }

  /** A member of a group that was Ready before it was asked for is no measure. */
  async add(told: readonly MeasuredStart[]): Promise<void> {
    const starts = told.filter((one) => one.seconds > 0);
    if (starts.length === 0) return;
    const all = [...(this.#known?.all ?? []), ...starts.map((one) => one.seconds)].slice(-WINDOW);
    const byOffering = new Map(this.#known?.byOffering);
    for (const { offeringId, seconds: taken } of starts) {
      const window = [...(byOffering.get(offeringId) ?? []), taken].slice(-WINDOW);
      byOffering.delete(offeringId);
      byOffering.set(offeringId, window);
    }
    const offerings = [...byOffering].slice(-OFFERINGS_MAX);
    this.#known = { all, byOffering: new Map(offerings) };
    await this.#state.put(this.#key, encodeStored({ seconds: all, offerings }));
  }

  /** The 95th percentile of all nodes of the pool, or `configuredMs` until enough were measured. */
  poolMs(configuredMs: number): number {
    return p95Ms(this.#known?.all ?? []) ?? configuredMs;
  }

  /** By `offeringId`, those of which enough nodes were measured. */
  byOffering(): Record<string, MeasuredLead> {
    const measured: Record<string, MeasuredLead> = {};
    for (const [id, window] of this.#known?.byOffering ?? []) {
      const ms = p95Ms(window);
      if (ms !== null) measured[id] = { p95Ms: ms, nodes: window.length };
    }
    return measured;
  }
}

/** By nearest rank: of 20 the 19th. Null for fewer than are enough. */
function p95Ms(values: readonly number[]): number | null {
  if (values.length < SAMPLES_MIN) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.ceil(sorted.length * 0.95) - 1] as number) * 1_000;
}
