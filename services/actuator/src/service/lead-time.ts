import type { StateBucket } from '@forescale/shared/state';
import { z } from 'zod';
import { encodeStored, readStored } from './stored.ts';

const WINDOW = 64;
/** Fewer than this say little about a 95th percentile: the configured lead time holds until then. */
const SAMPLES_MIN = 5;

const storedSchema = z.object({ seconds: z.array(z.number().min(0)).max(WINDOW) });

/** How long the pool's last nodes took from request to Ready, kept across restarts. */
export class LeadTimes {
  readonly #state: StateBucket;
  readonly #key: string;
  #seconds: number[] | null = null;

  constructor(state: StateBucket, pool: string) {
    this.#state = state;
    this.#key = `lead.${pool}`;
  }

  async load(): Promise<void> {
    if (this.#seconds !== null) return;
    this.#seconds = (await readStored(this.#state, this.#key, storedSchema)).value?.seconds ?? [];
  }

  async add(seconds: readonly number[]): Promise<void> {
    if (seconds.length === 0) return;
    this.#seconds = [...(this.#seconds ?? []), ...seconds].slice(-WINDOW);
    await this.#state.put(this.#key, encodeStored({ seconds: this.#seconds }));
  }

  /** The 95th percentile (nearest rank: of 20 the 19th) of what was measured, or `configuredMs`. */
  p95Ms(configuredMs: number): number {
    const sorted = (this.#seconds ?? []).toSorted((a, b) => a - b);
    if (sorted.length < SAMPLES_MIN) return configuredMs;
    return (sorted[Math.ceil(sorted.length * 0.95) - 1] as number) * 1_000;
  }
}
