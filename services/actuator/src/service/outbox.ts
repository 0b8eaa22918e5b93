import { type Bus, BusUnavailableError } from '@forescale/shared/bus';
import { type Health, type Point, type Store, StoreUnavailableError } from '@forescale/shared/store';
import { activeTraceparent, asPartOf, type Log, type Traceparent } from '@forescale/shared/telemetry';
import { streams } from '@forescale/shared/wire';

/** About 3 h of a pool that decides every 10 s; older ones go first. */
const WAITING_MAX = 1_000;
const POINTS_MAX = 20_000;
const POINTS_PER_WRITE = 5_000;

interface Message {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly id: string;
  /** Where it was said. */
  readonly traceparent: Traceparent | undefined;
}

/**
 * What the actuator has to say, kept in order while bus or store are away. Nothing here ever stops a tick: `flush`
 * tries once and tells how it went.
 */
export class Outbox {
  readonly #bus: Bus;
  readonly #store: Store;
  readonly #log: Log;
  #messages: Message[] = [];
  #points: Point[] = [];
  #streamsReady = false;
  #dropped = 0;

  constructor(bus: Bus, store: Store, log: Log) {
    this.#bus = bus;
    this.#store = store;
    this.#log = log;
  }

  publish(subject: string, data: Uint8Array, id: string): void {
    this.#messages.push({ subject, data, id, traceparent: activeTraceparent() });
    if (this.#messages.length <= WAITING_MAX) return;
    this.#messages.shift();
    this.#dropped++;
  }

  record(points: readonly Point[]): void {
    this.#points.push(...points);
    if (this.#points.length <= POINTS_MAX) return;
    this.#dropped += this.#points.length - POINTS_MAX;
    this.#points = this.#points.slice(-POINTS_MAX);
  }

  async flush(): Promise<{ readonly bus: Health; readonly store: Health }> {
    const [bus, store] = await Promise.all([this.#flushMessages(), this.#flushPoints()]);
    if (this.#dropped > 0) this.#log.warn(`${this.#dropped} messages and points dropped: too many wait`);
    this.#dropped = 0;
    return { bus, store };
  }

  async #flushMessages(): Promise<Health> {
    try {
      if (!this.#streamsReady) {
        await this.#bus.ensureStream(streams.plan);
        await this.#bus.ensureStream(streams.node);
        this.#streamsReady = true;
      }
      while (this.#messages.length > 0) {
        const message = this.#messages[0] as Message;
        try {
          const { subject, data, id, traceparent } = message;
          await asPartOf(traceparent, () => this.#bus.publishDurable(subject, data, id));
        } catch (error) {
          if (error instanceof BusUnavailableError) throw error;
          this.#log.error({ err: error, subject: message.subject }, 'message refused by the bus: dropped');
        }
        this.#messages.shift();
      }
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: `${reason(error)}; ${this.#messages.length} messages wait` };
    }
  }

  async #flushPoints(): Promise<Health> {
    try {
      while (this.#points.length > 0) {
        const batch = this.#points.slice(0, POINTS_PER_WRITE);
        try {
          await this.#store.write(batch);
        } catch (error) {
          if (error instanceof StoreUnavailableError) throw error;
          this.#log.error({ err: error }, `${batch.length} points refused by the store: dropped`);
        }
        this.#points = this.#points.slice(batch.length);
      }
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: `${reason(error)}; ${this.#points.length} points wait` };
    }
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
