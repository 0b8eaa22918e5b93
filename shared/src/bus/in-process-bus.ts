import type { Health } from '../store/store.ts';
import { activeTraceparent } from '../telemetry/index.ts';
import { type Clock, systemClock } from '../time/index.ts';
import { answerOf, successOf } from './answer.ts';
import type { Bus, BusMessage, ConsumeHandler, ConsumeOptions, StreamConfig, Subscription } from './bus.ts';
import { SerialDelivery } from './delivery.ts';
import { BusRejectedError, BusUnavailableError, NoResponderError } from './errors.ts';
import { MemoryConsumption } from './memory-consumption.ts';
import { MemoryStream } from './memory-stream.ts';
import {
  checkConsumer,
  checkGroup,
  checkMessage,
  checkPattern,
  checkStream,
  checkSubject,
  matchesSubject,
  subjectsOverlap,
} from './subject.ts';

export interface InProcessBusOptions {
  /** For ages, redelivery and how long a batch is collected. The time-out of a request is always real time. */
  readonly clock?: Clock;
  /** Told of every error of a handler. */
  readonly onError?: (error: Error) => void;
}

interface Envelope extends BusMessage {
  /** Where an answer goes; absent when none is wanted. */
  readonly answer?: (data: Uint8Array) => void;
}

interface Listener {
  readonly pattern: string;
  readonly delivery: SerialDelivery<Envelope>;
  readonly responds: boolean;
  /** Of those that share it and the pattern, one gets each message. */
  readonly group: string | null;
}

/** The bus of one process: what NATS does, in memory. Streams last as long as the bus does. */
export function createInProcessBus(options: InProcessBusOptions = {}): Bus {
  return new InProcessBus(options.clock ?? systemClock, options.onError ?? (() => {}));
}

class InProcessBus implements Bus {
  readonly #clock: Clock;
  readonly #onError: (error: Error) => void;
  readonly #listeners = new Set<Listener>();
  readonly #streams = new Map<string, MemoryStream>();
  readonly #consumptions = new Set<MemoryConsumption>();
  #requests = 0;
  #closed = false;

  constructor(clock: Clock, onError: (error: Error) => void) {
    this.#clock = clock;
    this.#onError = onError;
  }

  async publish(subject: string, data: Uint8Array): Promise<void> {
    this.#checkOpen();
    checkMessage(subject, data);
    // A copy: what the publisher does with its buffer afterwards is its own affair.
    const message = { subject, data: data.slice(), traceparent: activeTraceparent() };
    this.#streamOf(subject)?.append(message, this.#clock.nowMs());
    this.#deliver(message);
  }

  async publishAll(messages: readonly BusMessage[]): Promise<void> {
    this.#checkOpen();
    for (const { subject, data } of messages) checkMessage(subject, data);
    for (const { subject, data } of messages) await this.publish(subject, data);
  }

  async publishDurable(subject: string, data: Uint8Array, id?: string): Promise<void> {
    this.#checkOpen();
    checkMessage(subject, data);
    const stream = this.#streamOf(subject);
    if (stream === null) throw new BusUnavailableError(`${subject}: no stream keeps this subject`);
    const message = { subject, data: data.slice(), traceparent: activeTraceparent() };
    stream.append(message, this.#clock.nowMs(), id);
    this.#deliver(message);
  }

  async subscribe(subject: string, handler: (message: BusMessage) => void | Promise<void>): Promise<Subscription> {
    return this.#listen(subject, { responds: false, group: null }, ({ answer, ...message }) => handler(message));
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<BusMessage> {
    this.#checkOpen();
    checkMessage(subject, data);
    const responders = [...this.#listeners].some((one) => one.responds && matchesSubject(one.pattern, subject));
    if (!responders) throw new NoResponderError(`${subject}: nobody answers requests there`);
    const waiting = new AbortController();
    const inbox = `_INBOX.${++this.#requests}`;
    const answered = new Promise<BusMessage>((resolve) => {
      const answer = (reply: Uint8Array) => resolve({ subject: inbox, data: reply.slice() });
      this.#deliver({ subject, data: data.slice(), answer });
    });
    const late = systemClock.sleep(timeoutMs, waiting.signal).then(() => null);
    const first = await Promise.race([answered, late]);
    waiting.abort();
    if (first === null) throw new NoResponderError(`${subject}: no answer within ${timeoutMs} ms`);
    return successOf(first);
  }

  async respond(
    subject: string,
    handler: (message: BusMessage) => Promise<Uint8Array>,
    group?: string,
  ): Promise<Subscription> {
    checkGroup(group);
    return this.#listen(subject, { responds: true, group: group ?? null }, async ({ subject: asked, data, answer }) => {
      answer?.(await answerOf(handler, { subject: asked, data }));
    });
  }

  async ensureStream(config: StreamConfig): Promise<void> {
    this.#checkOpen();
    checkStream(config);
    for (const { config: other } of this.#streams.values()) {
      const shared = config.subjects.find((subject) => other.subjects.some((taken) => subjectsOverlap(subject, taken)));
      if (other.name !== config.name && shared !== undefined) {
        throw new BusRejectedError(`stream ${config.name}: stream ${other.name} keeps subjects of ${shared}`);
      }
    }
    const stream = this.#streams.get(config.name);
    if (stream === undefined) this.#streams.set(config.name, new MemoryStream(config));
    else stream.reconfigure(config, this.#clock.nowMs());
  }

  async consume(options: ConsumeOptions, handler: ConsumeHandler): Promise<Subscription> {
    this.#checkOpen();
    checkConsumer(options);
    const stream = this.#streams.get(options.stream);
    if (stream === undefined) throw new BusRejectedError(`stream ${options.stream}: does not exist`);
    const parts = { stream, options, handler, clock: this.#clock, onError: this.#onError };
    const consumption = new MemoryConsumption(parts);
    this.#consumptions.add(consumption);
    return {
      stop: async () => {
        this.#consumptions.delete(consumption);
        await consumption.stop();
      },
    };
  }

  async last(stream: string, subject: string): Promise<BusMessage | null> {
    this.#checkOpen();
    checkSubject(subject);
    return this.#streams.get(stream)?.last(subject, this.#clock.nowMs()) ?? null;
  }

  async health(): Promise<Health> {
    return this.#closed ? { ok: false, reason: 'the bus is closed' } : { ok: true };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    await Promise.all(listeners.map(({ delivery }) => delivery.stop()));
    await Promise.all([...this.#consumptions].map((consumption) => consumption.stop()));
  }

  #listen(
    pattern: string,
    how: Pick<Listener, 'responds' | 'group'>,
    handler: (message: Envelope) => void | Promise<void>,
  ): Subscription {
    this.#checkOpen();
    checkPattern(pattern);
    const listener = { pattern, ...how, delivery: new SerialDelivery(pattern, handler, this.#onError) };
    this.#listeners.add(listener);
    return {
      stop: async () => {
        this.#listeners.delete(listener);
        await listener.delivery.stop();
      },
    };
  }

  #deliver(message: Envelope): void {
    const served = new Set<string>();
    for (const listener of [...this.#listeners]) {
      const { pattern, group, delivery } = listener;
      if (!matchesSubject(pattern, message.subject)) continue;
      if (group !== null) {
        const shared = `${group} ${pattern}`;
        if (served.has(shared)) continue;
        served.add(shared);
        // The others of the group come first the next times.
        this.#listeners.delete(listener);
        this.#listeners.add(listener);
      }
      delivery.push(message);
    }
  }

  #streamOf(subject: string): MemoryStream | null {
    for (const stream of this.#streams.values()) {
      if (stream.config.subjects.some((pattern) => matchesSubject(pattern, subject))) return stream;
    }
    return null;
  }

  #checkOpen(): void {
    if (this.#closed) throw new BusUnavailableError('the bus is closed');
  }
}
