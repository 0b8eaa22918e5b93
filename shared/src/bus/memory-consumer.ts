import type { MemoryStream, StoredMessage } from './memory-stream.ts';

export interface Delivery {
  readonly message: StoredMessage;
  /** How often it has been handed out, this time included. */
  readonly count: number;
}

interface Outstanding {
  readonly count: number;
  /** When it may be handed out again. */
  readonly dueMs: number;
}

/** The position of one durable name in a stream: what was handed out and not acknowledged, and what comes next. */
export class MemoryConsumer {
  readonly #stream: MemoryStream;
  readonly #outstanding = new Map<number, Outstanding>();
  #nextSequence = 1;

  constructor(stream: MemoryStream) {
    this.#stream = stream;
  }

  /** Messages that are due again, then new ones while fewer than `outstandingMax` are out; in order of the stream. */
  take(max: number, nowMs: number, ackWaitMs: number, outstandingMax: number): Delivery[] {
    const taken: Delivery[] = [];
    const hand = (message: StoredMessage, count: number) => {
      this.#outstanding.set(message.sequence, { count, dueMs: nowMs + ackWaitMs });
      taken.push({ message, count });
    };
    for (const [sequence, { count, dueMs }] of this.#outstanding) {
      if (taken.length >= max) return taken;
      if (dueMs > nowMs) continue;
      const message = this.#stream.get(sequence);
      // The stream's limits have taken it.
      if (message === null) this.#outstanding.delete(sequence);
      else hand(message, count + 1);
    }
    while (taken.length < max && this.#outstanding.size < outstandingMax) {
      const message = this.#stream.firstFrom(this.#nextSequence, nowMs);
      this.#nextSequence = message === null ? this.#stream.lastSequence + 1 : message.sequence + 1;
      if (message === null) break;
      hand(message, 1);
    }
    return taken;
  }

  /** Nobody else gets these until they are acknowledged or given back. */
  hold(deliveries: readonly Delivery[]): void {
    for (const { message, count } of deliveries) this.#outstanding.set(message.sequence, { count, dueMs: Infinity });
  }

  acknowledge(deliveries: readonly Delivery[]): void {
    for (const { message } of deliveries) {
      this.#outstanding.delete(message.sequence);
      if (this.#stream.config.keep === 'work') this.#stream.remove(message.sequence);
    }
    this.#stream.changed();
  }

  /** Hands the messages out again, each not before its time. */
  giveBack(deliveries: readonly Delivery[], dueMs: (delivery: Delivery) => number): void {
    for (const delivery of deliveries) {
      const { sequence } = delivery.message;
      if (this.#outstanding.has(sequence)) {
        this.#outstanding.set(sequence, { count: delivery.count, dueMs: dueMs(delivery) });
      }
    }
    this.#stream.changed();
  }

  /** When the next message becomes due again; null when nothing is out. */
  nextDueMs(): number | null {
    let earliestMs: number | null = null;
    for (const { dueMs } of this.#outstanding.values()) earliestMs = Math.min(earliestMs ?? dueMs, dueMs);
    return earliestMs;
  }
}
