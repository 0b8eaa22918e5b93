import type { BusMessage, StreamConfig } from './bus.ts';
import { BusRejectedError } from './errors.ts';
import { MemoryConsumer } from './memory-consumer.ts';

export interface StoredMessage extends BusMessage {
  readonly sequence: number;
  readonly timeMs: number;
}

const SAME_ID_WITHIN_MS = 120_000;
const IDS_MAX = 100_000;

/** A durable stream without the disk: sequence numbers, limits, message ids and consumers as JetStream has them. */
export class MemoryStream {
  #config: StreamConfig;
  /** By sequence, oldest first. */
  readonly #messages = new Map<number, StoredMessage>();
  readonly #lastOfSubject = new Map<string, number>();
  /** When each id was seen, oldest first. */
  readonly #ids = new Map<string, number>();
  readonly #consumers = new Map<string, MemoryConsumer>();
  readonly #watchers = new Set<() => void>();
  #lastSequence = 0;
  #bytes = 0;

  constructor(config: StreamConfig) {
    this.#config = config;
  }

  get config(): StreamConfig {
    return this.#config;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  reconfigure(config: StreamConfig, nowMs: number): void {
    if ((config.keep === 'work') !== (this.#config.keep === 'work')) {
      throw new BusRejectedError(
        `stream ${config.name}: keeps "${this.#config.keep}", which cannot become "${config.keep}"`,
      );
    }
    this.#config = config;
    this.#enforceLimits(nowMs);
  }

  append(message: BusMessage, nowMs: number, id?: string): void {
    const { subject, data } = message;
    for (const [seen, atMs] of this.#ids) {
      if (nowMs - atMs < SAME_ID_WITHIN_MS && this.#ids.size < IDS_MAX) break;
      this.#ids.delete(seen);
    }
    if (id !== undefined) {
      if (this.#ids.has(id)) return;
      this.#ids.set(id, nowMs);
    }
    const sequence = ++this.#lastSequence;
    if (this.#config.keep === 'last') this.remove(this.#lastOfSubject.get(subject));
    this.#messages.set(sequence, { ...message, sequence, timeMs: nowMs });
    this.#lastOfSubject.set(subject, sequence);
    this.#bytes += subject.length + data.byteLength;
    this.#enforceLimits(nowMs);
    this.changed();
  }

  get(sequence: number): StoredMessage | null {
    return this.#messages.get(sequence) ?? null;
  }

  /** The oldest message at or after a sequence. */
  firstFrom(sequence: number, nowMs: number): StoredMessage | null {
    this.#enforceLimits(nowMs);
    // The shorter way: over the numbers that are left, or over the messages that are left.
    if (this.#lastSequence - sequence < this.#messages.size) {
      for (let next = sequence; next <= this.#lastSequence; next++) {
        const message = this.#messages.get(next);
        if (message !== undefined) return message;
      }
    } else {
      for (const message of this.#messages.values()) if (message.sequence >= sequence) return message;
    }
    return null;
  }

  last(subject: string, nowMs: number): BusMessage | null {
    this.#enforceLimits(nowMs);
    const message = this.get(this.#lastOfSubject.get(subject) ?? 0);
    return message && { subject, data: message.data, traceparent: message.traceparent };
  }

  remove(sequence: number | undefined): void {
    const message = sequence === undefined ? undefined : this.#messages.get(sequence);
    if (message === undefined) return;
    this.#messages.delete(message.sequence);
    this.#bytes -= message.subject.length + message.data.byteLength;
    if (this.#lastOfSubject.get(message.subject) === message.sequence) this.#lastOfSubject.delete(message.subject);
  }

  /** The consumer of this name with its position, made when there is none. */
  consumer(durable: string): MemoryConsumer {
    const known = this.#consumers.get(durable);
    if (known !== undefined) return known;
    if (this.#config.keep === 'work' && this.#consumers.size > 0) {
      throw new BusRejectedError(`stream ${this.#config.name}: has its one consumer, ${[...this.#consumers.keys()]}`);
    }
    const consumer = new MemoryConsumer(this);
    this.#consumers.set(durable, consumer);
    return consumer;
  }

  /** Calls `wake` after every change until the returned function is called. */
  watch(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }

  changed(): void {
    for (const wake of this.#watchers) wake();
  }

  #enforceLimits(nowMs: number): void {
    const { maxAgeMs, maxBytes } = this.#config;
    for (const message of this.#messages.values()) {
      if (this.#bytes <= maxBytes && nowMs - message.timeMs <= maxAgeMs) return;
      this.remove(message.sequence);
    }
  }
}
