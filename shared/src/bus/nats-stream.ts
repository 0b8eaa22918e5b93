import type { ConsumerConfig, StreamConfig as JetStreamConfig } from 'nats';
import type { BusMessage, ConsumeOptions, StreamConfig } from './bus.ts';
import { BusRejectedError } from './errors.ts';
import { traceparentIn } from './nats-block.ts';
import type { NatsLink } from './nats-link.ts';
import { unacknowledgedMax } from './redelivery.ts';
import { coversSubject } from './subject.ts';

/** Marks the streams that are ours to change. */
const OURS = 'Made by Forescale';
const SAME_ID_WITHIN_MS = 120_000;
const NANOS_PER_MS = 1_000_000;

/** JetStream's own numbers for its errors. */
const STREAM_NOT_FOUND = 10059;
const CONSUMER_EXISTS = [10013, 10148];
const MESSAGE_NOT_FOUND = 10037;

/**
 * Makes a stream, or gives it our limits. A stream of this name that an operator has made is used as it is when it
 * keeps our subjects; when it does not, it serves something else.
 */
export async function ensureNatsStream(link: NatsLink, config: StreamConfig): Promise<void> {
  const wanted = await toJetStream(config, link.replicas);
  const found = await orNull(STREAM_NOT_FOUND, () => link.ask(({ manager }) => manager.streams.info(config.name)));
  if (found === null) {
    await link.ask(({ manager }) => manager.streams.add(wanted));
    return;
  }
  const { subjects, description, retention } = found.config;
  if (description !== OURS) {
    const missing = config.subjects.filter((subject) => !subjects.some((theirs) => coversSubject(theirs, subject)));
    if (missing.length === 0) return;
    throw new BusRejectedError(
      `stream ${config.name}: belongs to somebody else: it keeps ${subjects.join(', ')}, not ${missing.join(', ')}`,
    );
  }
  if (retention !== wanted.retention) {
    throw new BusRejectedError(
      `stream ${config.name}: its retention "${retention}" cannot become "${wanted.retention}"`,
    );
  }
  const same = Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(found.config[key as keyof JetStreamConfig]) === JSON.stringify(value),
  );
  if (!same) await link.ask(({ manager }) => manager.streams.update(config.name, wanted));
}

/** Makes the durable consumer, or gives it these waits; its position stays. Rejects when the stream does not exist. */
export async function ensureNatsConsumer(link: NatsLink, options: ConsumeOptions): Promise<void> {
  const { AckPolicy, DeliverPolicy } = await import('nats');
  const waits = {
    ack_wait: options.ackWaitMs * NANOS_PER_MS,
    max_ack_pending: unacknowledgedMax(options.batch),
  };
  const config: Partial<ConsumerConfig> = {
    durable_name: options.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ...waits,
  };
  try {
    await link.ask(({ manager }) => manager.consumers.add(options.stream, config));
  } catch (error) {
    if (apiErrorCode(error) === STREAM_NOT_FOUND)
      throw new BusRejectedError(`stream ${options.stream}: does not exist`);
    if (!CONSUMER_EXISTS.includes(apiErrorCode(error) ?? 0)) throw error;
    await link.ask(({ manager }) => manager.consumers.update(options.stream, options.durable, waits));
  }
}

export async function lastNatsMessage(link: NatsLink, stream: string, subject: string): Promise<BusMessage | null> {
  const asked = { last_by_subj: subject };
  const message = await orNull(MESSAGE_NOT_FOUND, () =>
    orNull(STREAM_NOT_FOUND, () => link.ask(({ manager }) => manager.streams.getMessage(stream, asked))),
  );
  if (message === null) return null;
  return { subject, data: message.data, traceparent: traceparentIn({ headers: message.header }) };
}

/** JetStream's number for what went wrong. */
export function apiErrorCode(error: unknown): number | null {
  const cause = error instanceof Error ? (error.cause as { api_error?: { err_code?: number } } | undefined) : undefined;
  return cause?.api_error?.err_code ?? null;
}

async function orNull<T>(code: number, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (apiErrorCode(error) === code) return null;
    throw error;
  }
}

async function toJetStream(config: StreamConfig, replicas: number) {
  const { DiscardPolicy, RetentionPolicy, StorageType } = await import('nats');
  const { name, subjects, keep, maxAgeMs, maxBytes } = config;
  return {
    name,
    description: OURS,
    subjects: [...subjects],
    retention: keep === 'work' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    max_msgs_per_subject: keep === 'last' ? 1 : -1,
    max_age: maxAgeMs * NANOS_PER_MS,
    max_bytes: maxBytes,
    // JetStream demands a window that is not longer than the age.
    duplicate_window: Math.min(SAME_ID_WITHIN_MS, maxAgeMs) * NANOS_PER_MS,
    num_replicas: replicas,
    discard: DiscardPolicy.Old,
    storage: StorageType.File,
  };
}
