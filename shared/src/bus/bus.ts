import type { Health } from '../store/store.ts';

export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
}

/** What `stop()` ends. After it resolves the handler is not called any more. */
export interface Subscription {
  stop(): Promise<void>;
}

/** A durable stream: what is published on its subjects is kept until its limits, across restarts where the bus is. */
export interface StreamConfig {
  readonly name: string;
  readonly subjects: readonly string[];
  /** `last`: only the newest message of each subject; `all`: everything up to the limits; `work`: until acknowledged. */
  readonly keep: 'last' | 'all' | 'work';
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

export interface ConsumeOptions {
  readonly stream: string;
  /** The name under which the position is kept; consumers of one name share the messages. */
  readonly durable: string;
  /** At most this many unacknowledged messages in one batch. */
  readonly batch: number;
  /** A batch is handed over when it is full or this old. */
  readonly maxWaitMs: number;
  /** A message that was not acknowledged for this long is delivered again. */
  readonly ackWaitMs: number;
}

/**
 * Messages between services and to users. Subjects are dot-separated; `*` matches one token, a last `>` the rest.
 * Two adapters: NATS with JetStream, and in-process; one conformance suite holds both.
 * Methods reject with `BusUnavailableError` while the bus is away; subscriptions and consumers go on by themselves
 * when it is back.
 */
export interface Bus {
  /** At most once, to whoever listens now. */
  publish(subject: string, data: Uint8Array): Promise<void>;
  /** Resolves when the stream that covers the subject has it. `id` makes a repetition within 2 min a no-op. */
  publishDurable(subject: string, data: Uint8Array, id?: string): Promise<void>;
  /** Errors of the handler are given to `onError` of the bus, never lost, and do not end the subscription. */
  subscribe(subject: string, handler: (message: BusMessage) => void | Promise<void>): Promise<Subscription>;
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<BusMessage>;
  /** Answers requests; an error of the handler is answered as `{"error": "..."}`. */
  respond(subject: string, handler: (message: BusMessage) => Promise<Uint8Array>): Promise<Subscription>;
  ensureStream(config: StreamConfig): Promise<void>;
  /** At least once: a batch counts as done when the handler resolves; when it rejects, all of it comes again. */
  consume(options: ConsumeOptions, handler: (batch: readonly BusMessage[]) => Promise<void>): Promise<Subscription>;
  /** The newest message that a stream keeps for this subject. */
  last(stream: string, subject: string): Promise<BusMessage | null>;
  health(): Promise<Health>;
  close(): Promise<void>;
}
