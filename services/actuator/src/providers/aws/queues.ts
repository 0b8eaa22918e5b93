import type { Message, SQS } from '@aws-sdk/client-sqs';
import type { AwsConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { asProviderError, ProviderError } from '../errors.ts';
import type { Interruption } from '../port.ts';
import { type AwsClients, answered } from './clients.ts';
import { describeById, type ShownInstance } from './instances.ts';
import { type Notice, readNotice } from './notices.ts';
import { NODE_TAG } from './tags.ts';

/** SQS takes and gives so many at once. */
const BATCH_MAX = 10;
/** For each queue in each call: 100 messages. */
const RECEIVES_MAX = 10;
/** Recommendations stay for days; beyond so many they are left to the queue, lest there be no room for what hurries. */
const HELD_MAX = { rebalance: 1_000, reclaim: 10_000, going: 10_000 };
const REFUSED_MAX = 1_000;
/** A message that is held comes again after so long, to whoever acts then. */
const VISIBLE_AGAIN_S = 30;
/** Where it does not hurry, and would crowd out what does: there may be hundreds that stay for days. */
const LATER_VISIBLE_AGAIN_S = 900;
/** All servers of the queue are asked, which a receive that does not wait does not do. */
const WAIT_S = 1;
/** An instance that is not shown so long after its event is gone; before, it may be too new to be shown. */
const SHOWN_WITHIN_MS = 5 * 60_000;

interface Held {
  readonly region: string;
  readonly messageId: string;
  /** Of the last receive: only that one deletes. */
  readonly receipt: string;
  readonly notice: Notice;
}

interface Refused {
  readonly region: string;
  readonly messageId: string;
  readonly receipt: string;
  readonly why: string;
}

/** Whether an instance with these tags belongs to the cluster. */
export type IsOurs = (tags: ReadonlyMap<string, string>, clusterTag: string) => boolean;

/**
 * Notices out of SQS, where EventBridge puts them; one queue a region and cluster. A message is deleted once its machine is
 * gone, or was never ours: until then it comes again, to this process or to the next one. One that cannot be read is told of
 * once, as a failure of the call, and then deleted. Failures wait while a machine is being taken back: that notice is what
 * the call is for.
 */
export class InterruptionQueues {
  readonly #config: Pick<AwsConfig, 'interruptionQueues' | 'nodeName'>;
  readonly #clients: AwsClients;
  readonly #clock: Clock;
  readonly #isOurs: IsOurs;
  readonly #held = new Map<string, Held>();
  readonly #refused = new Map<string, Refused>();
  readonly #toldOf = new Set<string>();

  constructor(
    config: Pick<AwsConfig, 'interruptionQueues' | 'nodeName'>,
    clients: AwsClients,
    clock: Clock,
    isOurs: IsOurs,
  ) {
    this.#config = config;
    this.#clients = clients;
    this.#clock = clock;
    this.#isOurs = isOurs;
  }

  /** Notices in force, one a machine. */
  async notices(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    const regions = Object.entries(this.#config.interruptionQueues);
    const answers = await Promise.allSettled(
      regions.map(([region, url]) => this.#ofRegion(region, url, clusterTag, signal)),
    );
    const notices = strongest(answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])));
    if (notices.some(({ kind }) => kind === 'reclaim')) return notices;
    const failed = answers.find((one) => one.status === 'rejected');
    if (failed) throw asProviderError(failed.reason);
    this.#tellRefused();
    return notices;
  }

  async #ofRegion(
    region: string,
    url: string,
    clusterTag: string,
    signal: AbortSignal,
  ): Promise<readonly Interruption[]> {
    const sqs = await this.#clients.sqs(region);
    const [received] = await Promise.allSettled([this.#receive(sqs, region, url, signal)]);
    const held = [...this.#held.values()].filter((one) => one.region === region);
    const ids = [...new Set(held.flatMap(({ notice }) => notice.instanceIds))];
    const shown = ids.length > 0 ? await describeById(await this.#clients.ec2(region), ids, signal) : new Map();
    const judged = held.map((message) => ({ message, ...this.#judge(message.notice, shown, clusterTag) }));
    const done = judged.filter(({ isDone }) => isDone).map(({ message }) => message);
    const told = [...this.#refused.values()].filter((one) => one.region === region && this.#toldOf.has(one.messageId));
    const [deleted] = await Promise.allSettled([this.#delete(sqs, url, [...done, ...told], signal)]);
    const notices = judged.flatMap((one) => one.notices);
    if (notices.some(({ kind }) => kind === 'reclaim')) return notices;
    for (const one of [received, deleted]) if (one.status === 'rejected') throw one.reason;
    return notices;
  }

  /** Until the queue gives no more, or enough for one call. */
  async #receive(sqs: SQS, region: string, url: string, signal: AbortSignal): Promise<void> {
    for (let i = 0; i < RECEIVES_MAX; i++) {
      const { Messages = [] } = await answered(
        sqs.receiveMessage(
          {
            QueueUrl: url,
            MaxNumberOfMessages: BATCH_MAX,
            VisibilityTimeout: VISIBLE_AGAIN_S,
            WaitTimeSeconds: i === 0 ? WAIT_S : 0,
          },
          { abortSignal: signal },
        ),
      );
      if (Messages.length === 0) return;
      const [irrelevant, later] = this.#take(region, Messages);
      await this.#delete(sqs, url, irrelevant, signal);
      await this.#putOff(sqs, url, later, signal);
    }
  }

  /** Those that are of no concern, and those that may come again later. */
  #take(region: string, messages: readonly Message[]): readonly [irrelevant: Refused[], later: Held[]] {
    const irrelevant: Refused[] = [];
    const later: Held[] = [];
    for (const { MessageId: messageId = '', ReceiptHandle: receipt = '', Body = '' } of messages) {
      const message = { region, messageId, receipt, why: '' };
      try {
        const notice = readNotice(Body);
        if (notice === null) {
          irrelevant.push(message);
          continue;
        }
        const held = { region, messageId, receipt, notice };
        if (this.#held.has(messageId) || this.#held.size < HELD_MAX[notice.kind]) this.#held.set(messageId, held);
        if (isPatient(notice, this.#clock.nowMs())) later.push(held);
      } catch (error) {
        const refused = { ...message, why: (error as Error).message };
        if (this.#refused.size < REFUSED_MAX) this.#refused.set(messageId, refused);
      }
    }
    return [irrelevant, later];
  }

  async #putOff(sqs: SQS, url: string, messages: readonly Held[], signal: AbortSignal): Promise<void> {
    if (messages.length === 0) return;
    const Entries = messages.map(({ receipt }, i) => ({
      Id: String(i),
      ReceiptHandle: receipt,
      VisibilityTimeout: LATER_VISIBLE_AGAIN_S,
    }));
    await answered(sqs.changeMessageVisibilityBatch({ QueueUrl: url, Entries }, { abortSignal: signal }));
  }

  async #delete(
    sqs: SQS,
    url: string,
    messages: readonly { readonly messageId: string; readonly receipt: string }[],
    signal: AbortSignal,
  ): Promise<void> {
    for (let start = 0; start < messages.length; start += BATCH_MAX) {
      const batch = messages.slice(start, start + BATCH_MAX);
      const Entries = batch.map(({ receipt }, i) => ({ Id: String(i), ReceiptHandle: receipt }));
      await answered(sqs.deleteMessageBatch({ QueueUrl: url, Entries }, { abortSignal: signal }));
      for (const { messageId } of batch) {
        this.#held.delete(messageId);
        this.#refused.delete(messageId);
        this.#toldOf.delete(messageId);
      }
    }
  }

  /** What a message says of machines of this cluster, and whether it has nothing more to say. */
  #judge(notice: Notice, shown: ReadonlyMap<string, ShownInstance>, clusterTag: string) {
    const notices: Interruption[] = [];
    let isDone = true;
    for (const machineId of notice.instanceIds) {
      const instance = shown.get(machineId);
      const mayChange = this.#clock.nowMs() - notice.sentMs <= SHOWN_WITHIN_MS;
      if (!instance || isBehind(notice, instance)) isDone &&= !mayChange;
      else if (instance.state === 'gone') continue;
      else if (this.#isOurs(instance.tags, clusterTag) && isInForce(notice, instance)) {
        isDone = false;
        const nodeName =
          this.#config.nodeName === 'forescale' ? (instance.tags.get(NODE_TAG) ?? '') : instance.privateDnsName;
        const kind = notice.kind === 'rebalance' ? 'rebalance' : 'reclaim';
        notices.push({ machineId, nodeName, kind, atMs: notice.atMs });
      }
    }
    return { notices, isDone };
  }

  #tellRefused(): void {
    const untold = [...this.#refused.values()].filter(({ messageId }) => !this.#toldOf.has(messageId));
    const [first] = untold;
    if (!first) return;
    for (const { messageId } of untold) this.#toldOf.add(messageId);
    throw new ProviderError(
      'config',
      `interruption queue of ${first.region}: ${untold.length} message(s) cannot be read and will be deleted, such as ${first.messageId}: ${first.why}`,
    );
  }
}

/** What ends by our own hand, or by a user's, is no news of AWS'. */
function isInForce({ kind }: Notice, { reason }: ShownInstance): boolean {
  return kind !== 'going' || reason.startsWith('Server.');
}

/** EC2 does not show yet what its event says. */
function isBehind({ kind }: Notice, { state, reason }: ShownInstance): boolean {
  return kind === 'going' && state !== 'gone' && reason === '';
}

function isPatient({ kind, atMs }: Notice, nowMs: number): boolean {
  return kind === 'rebalance' || (kind === 'reclaim' && atMs - nowMs > LATER_VISIBLE_AGAIN_S * 1_000);
}

/** One for each machine: that it goes rather than that it may, and the earliest of these. */
function strongest(notices: readonly Interruption[]): Interruption[] {
  const byMachine = new Map<string, Interruption>();
  for (const one of notices) {
    const known = byMachine.get(one.machineId);
    const isStronger =
      known === undefined ||
      (one.kind === known.kind ? one.atMs < known.atMs : one.kind === 'reclaim' && known.kind === 'rebalance');
    if (isStronger) byMachine.set(one.machineId, one);
  }
  return [...byMachine.values()];
}
