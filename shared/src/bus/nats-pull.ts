import { checkJsError, createInbox, type JsMsg, nanos } from 'nats';
// The library makes its messages of JetStream here, and exports no other way to.
import { toJsMsg } from 'nats/lib/jetstream/jsmsg.js';
import { ANSWER_TIMEOUT_MS, type NatsSession } from './nats-link.ts';

export interface Pull {
  readonly stream: string;
  readonly durable: string;
  /** At most so many messages. */
  readonly count: number;
  /** How long the server waits for them; 0: it gives what is there. */
  readonly waitMs: number;
  /** Each message, as it comes; also those that come while the pull is being ended. */
  readonly onMessage: (message: JsMsg) => void;
}

/** How long what comes again, of which the server gives no number, is waited for. */
const COMES_AGAIN_MS = 200;

/** Answers of the server that end a pull and are no errors: there are no messages, or its time is over. */
const ENDS = ['404', '408'];

/**
 * Asks once for the next messages of a consumer. Resolves when all have come, when the server says that there are no
 * more, or when its time is over; rejects with the library's error. Then, or as soon as `signal` is aborted, its
 * subscription is closed, after what was on its way has been handed over.
 *
 * The library's `fetch` leaves its subscription open after an answer of too few, and its newer `consumer.fetch` waits a
 * second at least and drops what arrives after an early end.
 */
export async function pull({ connection }: NatsSession, wanted: Pull, signal: AbortSignal): Promise<void> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const end = () => resolve();
  let left = wanted.count;
  let over = false;
  const finish = (error: { code: string } | null) => {
    over = true;
    if (error === null || ENDS.includes(error.code)) resolve();
    else reject(error);
  };
  const inbox = createInbox();
  const subscription = connection.subscribe(inbox, {
    callback: (broken, message) => {
      const error = broken ?? checkJsError(message);
      if (error !== null) return finish(error);
      wanted.onMessage(toJsMsg(message, ANSWER_TIMEOUT_MS));
      if (--left === 0) finish(null);
    },
  });
  const expiresMs = wanted.waitMs > 0 ? wanted.waitMs : COMES_AGAIN_MS;
  const timer = setTimeout(end, expiresMs);
  signal.addEventListener('abort', end);
  subscription.closed.then(end, end);
  try {
    const asked = { batch: wanted.count, no_wait: wanted.waitMs === 0, expires: nanos(expiresMs) };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${wanted.stream}.${wanted.durable}`;
    connection.publish(subject, JSON.stringify(asked), { reply: inbox });
    await ended;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    // What is on its way when we are the first to end arrives before the server has read that nobody listens any more.
    if (over) subscription.unsubscribe();
    else await subscription.drain().catch(() => {});
  }
}
