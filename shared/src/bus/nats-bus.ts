import type { Msg } from 'nats';
import type { Health } from '../store/store.ts';
import { answerOf, successOf } from './answer.ts';
import type { Bus, BusMessage, ConsumeHandler, ConsumeOptions, StreamConfig, Subscription } from './bus.ts';
import { SerialDelivery } from './delivery.ts';
import { BusRejectedError, BusUnavailableError, NoResponderError } from './errors.ts';
import { publishBlock, traceHeader, traceparentIn } from './nats-block.ts';
import { NatsConsumption } from './nats-consumption.ts';
import { NatsLink, type NatsOptions, toBusError } from './nats-link.ts';
import { ensureNatsConsumer, ensureNatsStream, lastNatsMessage } from './nats-stream.ts';
import { checkConsumer, checkGroup, checkMessage, checkPattern, checkStream, checkSubject } from './subject.ts';

/** After so much the publisher waits until the server has read it, so that what is on its way stays bounded. */
const UNREAD_BYTES_MAX = 1_048_576;
const UNREAD_MESSAGES_MAX = 1_000;

/** The bus over NATS with JetStream. Resolves after the first try to connect, whether it worked or not. */
export async function createNatsBus(options: NatsOptions): Promise<Bus> {
  return new NatsBus(await NatsLink.open(options));
}

class NatsBus implements Bus {
  readonly #link: NatsLink;
  /** What we were asked to make, for a server that comes back without it. */
  readonly #streams = new Map<string, StreamConfig>();
  readonly #deliveries = new Set<SerialDelivery<Msg>>();
  readonly #consumptions = new Set<NatsConsumption>();
  #unreadBytes = 0;
  #unreadMessages = 0;

  constructor(link: NatsLink) {
    this.#link = link;
    link.onBack(() => {
      for (const name of this.#streams.keys()) void this.#restore(name).catch((error) => link.report(error));
    });
  }

  publish(subject: string, data: Uint8Array): Promise<void> {
    return this.publishAll([{ subject, data }]);
  }

  async publishAll(messages: readonly BusMessage[]): Promise<void> {
    for (const { subject, data } of messages) checkMessage(subject, data);
    try {
      publishBlock(this.#link.session.connection, messages);
    } catch (error) {
      throw toBusError(error);
    }
    for (const { data } of messages) this.#unreadBytes += data.byteLength;
    this.#unreadMessages += messages.length;
    if (this.#unreadMessages < UNREAD_MESSAGES_MAX && this.#unreadBytes < UNREAD_BYTES_MAX) return;
    this.#unreadBytes = 0;
    this.#unreadMessages = 0;
    await this.#link.flush();
  }

  async publishDurable(subject: string, data: Uint8Array, id?: string): Promise<void> {
    checkMessage(subject, data);
    await this.#link.ask(async ({ connection, jetStream }) => {
      try {
        const header = traceHeader(connection, data);
        await jetStream.publish(subject, data, id === undefined ? header : { ...header, msgID: id });
      } catch (error) {
        if ((error as { code?: string }).code !== '503') throw error;
        throw new BusUnavailableError(`${subject}: no stream keeps this subject, or JetStream is away`, {
          cause: error,
        });
      }
    });
  }

  async subscribe(subject: string, handler: (message: BusMessage) => void | Promise<void>): Promise<Subscription> {
    return this.#listen(subject, (message) =>
      handler({ subject: message.subject, data: message.data, traceparent: traceparentIn(message) }),
    );
  }

  async request(subject: string, data: Uint8Array, timeoutMs: number): Promise<BusMessage> {
    checkMessage(subject, data);
    const answer = await this.#link.ask(async ({ connection }) => {
      try {
        return await connection.request(subject, data, { timeout: timeoutMs });
      } catch (error) {
        const { code } = error as { code?: string };
        if (code === '503') return new NoResponderError(`${subject}: nobody answers requests there`);
        if (code === 'TIMEOUT') return new NoResponderError(`${subject}: no answer within ${timeoutMs} ms`);
        throw error;
      }
    });
    if (answer instanceof Error) throw answer;
    return successOf({ subject: answer.subject, data: answer.data });
  }

  async respond(
    subject: string,
    handler: (message: BusMessage) => Promise<Uint8Array>,
    group?: string,
  ): Promise<Subscription> {
    checkGroup(group);
    const answer = async (message: Msg) => {
      const answered = await answerOf(handler, { subject: message.subject, data: message.data });
      if (this.#link.connected) message.respond(answered);
    };
    return this.#listen(subject, answer, group);
  }

  async ensureStream(config: StreamConfig): Promise<void> {
    checkStream(config);
    await ensureNatsStream(this.#link, config);
    this.#streams.set(config.name, config);
  }

  async consume(options: ConsumeOptions, handler: ConsumeHandler): Promise<Subscription> {
    checkConsumer(options);
    await ensureNatsConsumer(this.#link, options);
    const restore = async () => {
      await this.#restore(options.stream);
      await ensureNatsConsumer(this.#link, options);
    };
    const consumption = new NatsConsumption({ link: this.#link, options, handler, restore });
    this.#consumptions.add(consumption);
    return {
      stop: async () => {
        this.#consumptions.delete(consumption);
        await consumption.stop();
      },
    };
  }

  async last(stream: string, subject: string): Promise<BusMessage | null> {
    checkSubject(subject);
    return await lastNatsMessage(this.#link, stream, subject);
  }

  health(): Promise<Health> {
    return this.#link.health();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumptions].map((consumption) => consumption.stop()));
    await Promise.all([...this.#deliveries].map((delivery) => delivery.stop()));
    await this.#link.close();
  }

  async #listen(
    pattern: string,
    handler: (message: Msg) => void | Promise<void>,
    group?: string,
  ): Promise<Subscription> {
    checkPattern(pattern);
    const delivery = new SerialDelivery(pattern, handler, (error) => this.#link.report(error));
    const { connection } = this.#link.session;
    const subscription = connection.subscribe(pattern, {
      ...(group === undefined ? {} : { queue: group }),
      callback: (error, message) => {
        if (error === null) delivery.push(message);
        else this.#link.report(new BusRejectedError(`${pattern}: ${error.message}`, { cause: error }));
      },
    });
    this.#deliveries.add(delivery);
    // Whoever publishes after this is heard.
    await this.#link.flush();
    return {
      stop: async () => {
        subscription.unsubscribe();
        this.#deliveries.delete(delivery);
        await delivery.stop();
      },
    };
  }

  async #restore(name: string): Promise<void> {
    const config = this.#streams.get(name);
    if (config !== undefined) await ensureNatsStream(this.#link, config);
  }
}
