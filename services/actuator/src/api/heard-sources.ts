import type { Bus, Subscription } from '@forescale/shared/bus';
import type { Clock } from '@forescale/shared/time';
import {
  decodeEvent,
  type SourceHealth,
  type SourcesData,
  sourcesSchema,
  subjects,
  WireError,
} from '@forescale/shared/wire';

/** A collector that said nothing for so many ticks is gone. */
const SILENT_TICKS = 3;
/** However short the ticks are: a busy machine may miss some. */
const SILENT_MS_MIN = 60_000;
const COLLECTORS_MAX = 100;

/** What collectors say of their sources, as long as they say it. */
export class HeardSources {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #heard = new Map<string, { readonly data: SourcesData; readonly atMs: number }>();
  #listening: Promise<Subscription> | null = null;

  constructor(bus: Bus, clock: Clock, tickMs: number) {
    this.#bus = bus;
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** Rejects while the bus is away; to be called again then. */
  async listen(): Promise<void> {
    this.#listening ??= this.#bus.subscribe(subjects.allSources, ({ data }) => this.#hear(data));
    try {
      await this.#listening;
    } catch (error) {
      this.#listening = null;
      throw error;
    }
  }

  /** Of all collectors that are there; null while none was heard. */
  all(): readonly SourceHealth[] | null {
    const oldestMs = this.#clock.nowMs() - Math.max(SILENT_MS_MIN, SILENT_TICKS * this.#tickMs);
    for (const [collector, { atMs }] of this.#heard) if (atMs < oldestMs) this.#heard.delete(collector);
    if (this.#heard.size === 0) return null;
    return [...this.#heard.values()].flatMap(({ data }) => data.sources);
  }

  async stop(): Promise<void> {
    const subscription = await this.#listening?.catch(() => null);
    await subscription?.stop();
  }

  async #hear(bytes: Uint8Array): Promise<void> {
    try {
      const data = decodeEvent(bytes, sourcesSchema);
      if (this.#heard.size >= COLLECTORS_MAX && !this.#heard.has(data.collector)) return;
      this.#heard.set(data.collector, { data, atMs: this.#clock.nowMs() });
    } catch (error) {
      // Anybody may publish; what is not understood is as if it had not been said.
      if (!(error instanceof WireError)) throw error;
    }
  }
}
