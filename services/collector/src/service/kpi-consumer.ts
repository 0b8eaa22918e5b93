import { type Bus, type BusMessage, BusUnavailableError, type Subscription } from '@forescale/shared/bus';
import type { Health } from '@forescale/shared/store';
import { streams } from '@forescale/shared/wire';

/** In one batch from the bus: one write, or one row of the spool. */
const KPIS_MAX = 3_000;
/** While the store takes one batch the next is read; they are written in order. */
const BATCHES_AT_ONCE = 2;

/** Follows `forescale.v1.kpi.>`. A batch is acknowledged when `write` resolves: its samples are safe then. */
export class KpiConsumer {
  readonly #bus: Bus;
  readonly #maxWaitMs: number;
  readonly #write: (batch: readonly BusMessage[]) => Promise<void>;
  #subscription: Subscription | null = null;

  constructor(bus: Bus, maxWaitMs: number, write: (batch: readonly BusMessage[]) => Promise<void>) {
    this.#bus = bus;
    this.#maxWaitMs = maxWaitMs;
    this.#write = write;
  }

  /** Where the bus is away, to be called again; once there, the consumer outlives its outages. */
  async follow(): Promise<Health> {
    if (this.#subscription) return this.#bus.health();
    try {
      await this.#bus.ensureStream(streams.kpi);
      const options = {
        stream: streams.kpi.name,
        durable: 'collector',
        batch: KPIS_MAX,
        ackWaitMs: 30_000,
        atOnce: BATCHES_AT_ONCE,
      };
      this.#subscription = await this.#bus.consume({ ...options, maxWaitMs: this.#maxWaitMs }, this.#write);
      return { ok: true };
    } catch (error) {
      if (!(error instanceof BusUnavailableError)) throw error;
      return { ok: false, reason: error.message };
    }
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop();
  }
}
