import {
  type Bus,
  type BusMessage,
  BusUnavailableError,
  type ConsumeHandler,
  type ConsumeOptions,
  type StreamConfig,
  type Subscription,
} from '@forescale/shared/bus';
import type { Health } from '@forescale/shared/store';
import type { Link } from './link.ts';

const TIMEOUT_MS = 5_000;

/** The bus as one process reaches it; what it listens to ends with it. */
export class BusPort implements Bus {
  readonly #bus: Bus;
  readonly #link: Link;
  readonly #subscriptions: Subscription[] = [];

  constructor(bus: Bus, link: Link) {
    this.#bus = bus;
    this.#link = link;
  }

  publish(subject: string, data: Uint8Array): Promise<void> {
    return this.#call(() => this.#bus.publish(subject, data));
  }

  publishAll(messages: readonly BusMessage[]): Promise<void> {
    return this.#call(() => this.#bus.publishAll(messages));
  }

  publishDurable(subject: string, data: Uint8Array, id?: string): Promise<void> {
    return this.#call(() => this.#bus.publishDurable(subject, data, id));
  }

  subscribe(subject: string, handler: (message: BusMessage) => void | Promise<void>): Promise<Subscription> {
    return this.#call(() => this.#kept(this.#bus.subscribe(subject, handler)));
  }

  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<BusMessage> {
    return this.#call(() => this.#bus.request(subject, data, timeoutMs));
  }

  respond(subject: string, handler: (message: BusMessage) => Promise<Uint8Array>): Promise<Subscription> {
    return this.#call(() => this.#kept(this.#bus.respond(subject, handler)));
  }

  ensureStream(config: StreamConfig): Promise<void> {
    return this.#call(() => this.#bus.ensureStream(config));
  }

  consume(options: ConsumeOptions, handler: ConsumeHandler): Promise<Subscription> {
    return this.#call(() => this.#kept(this.#bus.consume(options, handler)));
  }

  last(stream: string, subject: string): Promise<BusMessage | null> {
    return this.#call(() => this.#bus.last(stream, subject));
  }

  health(): Promise<Health> {
    return this.#bus.health();
  }

  async close(): Promise<void> {
    await Promise.all(this.#subscriptions.splice(0).map((one) => one.stop()));
  }

  async #kept(subscribing: Promise<Subscription>): Promise<Subscription> {
    const subscription = await subscribing;
    this.#subscriptions.push(subscription);
    return subscription;
  }

  #call<T>(effect: () => Promise<T>): Promise<T> {
    const errorOf = (fate: string, call: string) => new BusUnavailableError(`${call}: ${fate}`);
    return this.#link.call({ call: 'bus.call', thereMs: 0, backMs: 0, timeoutMs: TIMEOUT_MS, errorOf }, effect);
  }
}
