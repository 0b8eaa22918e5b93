import { setTimeout as delay } from 'node:timers/promises';
import type { JsMsg } from 'nats';
import { ACK, type JsMsgImpl } from 'nats/lib/jetstream/jsmsg.js';
import { outsideOfTraces, type Traceparent } from '../telemetry/index.ts';
import type { ConsumedMessage, ConsumeHandler, ConsumeOptions, Subscription } from './bus.ts';
import { publishBlock, traceparentIn } from './nats-block.ts';
import { type NatsLink, toBusError } from './nats-link.ts';
import { pull } from './nats-pull.ts';
import { redeliveryDelayMs } from './redelivery.ts';

export interface NatsConsumptionParts {
  readonly link: NatsLink;
  readonly options: ConsumeOptions;
  readonly handler: ConsumeHandler;
  /** Makes stream and consumer again where the server has lost them. */
  readonly restore: () => Promise<void>;
}

/** How long one question for the next message waits at the server. */
const POLL_MS = 5_000;
/** While a handler runs the server is told so this often within `ackWaitMs`; one message may get lost. */
const HOLDS_PER_WAIT = 3;
/** A consumer that is made again while the server (2.9) is still deleting its stream never gets a message. */
const RESTORE_AFTER_MS = 1_000;

/**
 * One `consume` call: asks for the first message, then for the rest of its batch, hands the batch over, acknowledges
 * it or gives it back. Goes on after every error until it is stopped.
 */
export class NatsConsumption implements Subscription {
  readonly #parts: NatsConsumptionParts;
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  /** The batch after the one that is handled, where there is one. */
  #ahead: Promise<JsMsg[]> | null = null;
  /** What of it is there already. */
  #waiting: readonly JsMsg[] = [];
  /** Of batches that were handed over, oldest first: whether their handler was done with them. */
  readonly #underWay: Promise<boolean>[] = [];
  /** What was last told, so that a trouble that lasts is told once. */
  #lastTrouble = '';

  constructor(parts: NatsConsumptionParts) {
    this.#parts = parts;
    this.#done = outsideOfTraces(() => this.#run());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { link } = this.#parts;
    const { signal } = this.#stopping;
    let failures = 0;
    while (!signal.aborted) {
      await link.whenConnected(signal);
      if (signal.aborted) break;
      try {
        const batch = await this.#next();
        this.#lastTrouble = '';
        // Where batches are full there is more: the next one comes while this one is handled. Of single ones another may
        // be free for the next.
        const isFull = batch.length > 1 && batch.length === this.#parts.options.batch;
        if (isFull) this.#fetchAhead();
        if (batch.length > 0) this.#underWay.push(this.#handle(batch));
        failures = (await this.#handled(isFull ? this.#atOnce - 1 : 0)) ? 0 : failures + 1;
      } catch (error) {
        failures++;
        await this.#recover(toBusError(error));
      }
      if (failures === 0) continue;
      // A handler that fails whatever it gets shall not fail its way through the whole stream.
      await this.#handled(0);
      await this.#giveAhead();
      await delay(redeliveryDelayMs(failures), undefined, { signal }).catch(() => {});
    }
    await this.#handled(0);
    await this.#giveAhead();
  }

  /** Waits for the oldest batches until no more than `left` are under way; whether all that ended were done. */
  async #handled(left: number): Promise<boolean> {
    let done = true;
    while (this.#underWay.length > left) done = (await this.#underWay.shift()) === true && done;
    return done;
  }

  get #atOnce(): number {
    return this.#parts.options.atOnce ?? 1;
  }

  #next(): Promise<JsMsg[]> {
    const ahead = this.#ahead ?? this.#collect();
    this.#ahead = null;
    return ahead;
  }

  #fetchAhead(): void {
    const ahead = this.#collect();
    // Whoever takes it hears of its failure; until then nobody else need.
    ahead.then(
      (messages) => {
        if (this.#ahead === ahead) this.#waiting = messages;
      },
      () => undefined,
    );
    this.#waiting = [];
    this.#ahead = ahead;
  }

  /** Gives back what was fetched and is not going to be handled now. */
  async #giveAhead(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = null;
    this.#waiting = [];
    give((await ahead?.catch(() => [])) ?? [], 0);
  }

  async #collect(): Promise<JsMsg[]> {
    const { batch, maxWaitMs } = this.#parts.options;
    const first = await this.#pull(1, POLL_MS);
    const [head] = first;
    if (head === undefined || batch === 1 || this.#stopping.signal.aborted) return first;
    if (maxWaitMs === 0 && head.info.pending === 0 && !head.redelivered) return first;
    try {
      return [...first, ...(await this.#pull(batch - 1, maxWaitMs))];
    } catch (error) {
      give(first, 0);
      throw error;
    }
  }

  /** Up to `count` messages, as soon as they are there or after `waitMs`. What comes when nobody waits for it is given back. */
  async #pull(count: number, waitMs: number): Promise<JsMsg[]> {
    const { link, options } = this.#parts;
    const { stream, durable } = options;
    const { signal } = this.#stopping;
    const collected: JsMsg[] = [];
    let waiting = true;
    const onMessage = (message: JsMsg) => {
      if (waiting && !signal.aborted) collected.push(message);
      else give([message], 0);
    };
    try {
      await link.ask((session) => pull(session, { stream, durable, count, waitMs, onMessage }, signal));
    } catch (error) {
      give(collected, 0);
      throw error;
    } finally {
      waiting = false;
    }
    if (!signal.aborted) return collected;
    give(collected, 0);
    return [];
  }

  async #handle(batch: readonly JsMsg[]): Promise<boolean> {
    const { handler, link, options } = this.#parts;
    if (this.#stopping.signal.aborted) {
      give(batch, 0);
      return true;
    }
    const holding = setInterval(() => hold([...batch, ...this.#waiting], link), options.ackWaitMs / HOLDS_PER_WAIT);
    try {
      await handler(batch.map((message) => new Handed(message)));
    } catch (error) {
      link.report(error);
      for (const message of batch) give([message], redeliveryDelayMs(message.info.deliveryCount));
      return false;
    } finally {
      clearInterval(holding);
    }
    // Lost with the connection, they come again: at least once.
    if (link.connected) acknowledge(batch, link);
    return true;
  }

  /** A pull that fails while there is a connection: the server has lost consumer or stream, or is not ready yet. */
  async #recover(error: Error): Promise<void> {
    const { link, restore } = this.#parts;
    const { signal } = this.#stopping;
    if (!link.connected) return;
    await delay(RESTORE_AFTER_MS, undefined, { signal }).catch(() => {});
    if (!link.connected || signal.aborted) return;
    const trouble = await restore().then(
      () => error,
      (reason: unknown) => toBusError(reason),
    );
    if (link.connected && trouble.message !== this.#lastTrouble) link.report(trouble);
    this.#lastTrouble = trouble.message;
  }
}

/** Its number of deliveries stands in the subject of its reply, its trace in its headers: both are taken apart for who asks. */
class Handed implements ConsumedMessage {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly #message: JsMsg;

  constructor(message: JsMsg) {
    this.subject = message.subject;
    this.data = message.data;
    this.#message = message;
  }

  get deliveries(): number {
    return this.#message.info.deliveryCount;
  }

  get traceparent(): Traceparent | undefined {
    return traceparentIn(this.#message);
  }
}

function acknowledge(batch: readonly JsMsg[], link: NatsLink): void {
  const acks = batch.map((message) => ({ subject: (message as JsMsgImpl).reply, data: ACK }));
  publishBlock(link.session.connection, acks);
}

/** Tells the server that the messages are being worked on: their wait begins anew. */
function hold(messages: readonly JsMsg[], link: NatsLink): void {
  if (!link.connected) return;
  for (const message of messages) {
    try {
      message.working();
    } catch {
      // The connection is closed.
    }
  }
}

/** Gives messages back for another try. Without a connection the server does so itself, after `ackWaitMs`. */
function give(messages: readonly JsMsg[], delayMs: number): void {
  for (const message of messages) {
    try {
      if (delayMs > 0) message.nak(delayMs);
      else message.nak();
    } catch {
      // The connection is closed.
    }
  }
}
