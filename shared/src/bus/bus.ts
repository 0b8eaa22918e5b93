import type { Health } from '../store/store.ts';
import type { Traceparent } from '../telemetry/index.ts';

export interface BusMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  /**
   * The span in which it was published, of whoever has published it: on NATS the header `traceparent`. What is published
   * while a span is at work carries it; it is not given here to be sent.
   */
  readonly traceparent?: Traceparent | undefined;
}

/**
 * What `stop()` ends. After it resolves the handler is not called any more and has finished what it was at; so do not
 * wait for it inside the handler.
 */
export interface Subscription {
  stop(): Promise<void>;
}

/** A durable stream: what is published on its subjects is kept until its limits, across restarts where the bus is. */
export interface StreamConfig {
  /** `[A-Za-z0-9_-]+`. */
  readonly name: string;
  /** No two streams share a subject. */
  readonly subjects: readonly string[];
  /** `last`: only the newest message of each subject; `all`: everything up to the limits; `work`: until acknowledged. */
  readonly keep: 'last' | 'all' | 'work';
  /** Messages older than this go. */
  readonly maxAgeMs: number;
  /** The oldest messages go when there are more bytes than this. */
  readonly maxBytes: number;
}

export interface ConsumeOptions {
  readonly stream: string;
  /** The name under which the position is kept; consumers of one name share the messages. A `work` stream has one. */
  readonly durable: string;
  /** At most this many unacknowledged messages in one batch. */
  readonly batch: number;
  /** A batch is handed over when it is full or this old; 0: with what is there. */
  readonly maxWaitMs: number;
  /**
   * A batch whose process has died is delivered again after this long. While its handler runs it is nobody else's,
   * however long that takes.
   */
  readonly ackWaitMs: number;
  /**
   * Where batches are full, at most so many are handed over before the first of them is done, in order; 1 when absent.
   */
  readonly atOnce?: number;
}

/** A message of a stream as it is handed to a consumer. */
export interface ConsumedMessage extends BusMessage {
  /** How often it has been handed over, this time included; a message that ends processes shows here only. */
  readonly deliveries: number;
}

export type ConsumeHandler = (batch: readonly ConsumedMessage[]) => Promise<void>;

/**
 * Messages between services and to users. Subjects are dot-separated; `*` matches one token, a last `>` the rest.
 * Two adapters: NATS with JetStream, and in-process; one conformance suite holds both.
 * Methods reject with `BusUnavailableError` while the bus is away and with `BusRejectedError` when it refuses what is
 * asked; subscriptions and consumers go on by themselves when it is back. A message has at most 1 MiB.
 */
export interface Bus {
  /** At most once, to whoever listens now; a stream that covers the subject keeps it, too. */
  publish(subject: string, data: Uint8Array): Promise<void>;
  /** Each as `publish` does, in order, for whoever has many at once; none, where one of them is refused. */
  publishAll(messages: readonly BusMessage[]): Promise<void>;
  /**
   * Resolves when the stream that covers the subject has it; `BusUnavailableError` as long as there is none.
   * `id` makes a repetition within 2 min a no-op.
   */
  publishDurable(subject: string, data: Uint8Array, id?: string): Promise<void>;
  /**
   * One message at a time, in the order of each publisher. Errors of the handler are given to `onError` of the bus,
   * never lost, and do not end the subscription. A handler that is 10,000 messages behind misses the next ones.
   */
  subscribe(subject: string, handler: (message: BusMessage) => void | Promise<void>): Promise<Subscription>;
  /** Rejects with `NoResponderError` or, when the answer is an error, `RequestFailedError`. */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<BusMessage>;
  /**
   * Answers requests, one at a time; an error of the handler is answered as `{"error": "..."}`. Of those that respond
   * with the same `group` (`[A-Za-z0-9_-]+`) to the same subject, in whichever process, one gets each request.
   */
  respond(
    subject: string,
    handler: (message: BusMessage) => Promise<Uint8Array>,
    group?: string,
  ): Promise<Subscription>;
  /** Makes the stream, or gives it these limits. Rejects when a stream of this name is used for something else. */
  ensureStream(config: StreamConfig): Promise<void>;
  /**
   * At least once, from the oldest message that the stream keeps: a batch counts as done when the handler resolves;
   * when it rejects, `onError` of the bus is told and all of the batch comes again, later each time, at the latest
   * after 30 s. One batch at a time, unless told otherwise.
   */
  consume(options: ConsumeOptions, handler: ConsumeHandler): Promise<Subscription>;
  /** The newest message that a stream keeps for this subject. */
  last(stream: string, subject: string): Promise<BusMessage | null>;
  /** Never rejects. */
  health(): Promise<Health>;
  close(): Promise<void>;
}
