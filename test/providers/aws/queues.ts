import { createHash } from 'node:crypto';
import type { ManualClock } from '@forescale/shared/time';
import { ApiError, type Call } from './api.ts';

export const SQS_OPERATIONS = ['ChangeMessageVisibilityBatch', 'DeleteMessageBatch', 'ReceiveMessage'] as const;

interface Message {
  readonly id: string;
  readonly body: string;
  visibleFromMs: number;
  /** Of the last receive; older ones delete nothing. */
  receipt: string;
  receives: number;
}

interface Entry {
  readonly Id: string;
  readonly ReceiptHandle: string;
  readonly VisibilityTimeout?: number;
}

/** Standard queues by URL: a message that was received and not deleted comes again after its visibility time-out. */
export class Queues {
  readonly #clock: ManualClock;
  readonly #queues = new Map<string, Message[]>();
  #made = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  add(url: string): void {
    this.#queues.set(url, []);
  }

  send(url: string, body: string): void {
    const id = `00000000-0000-4000-8000-${String(++this.#made).padStart(12, '0')}`;
    this.#queues.get(url)?.push({ id, body, visibleFromMs: this.#clock.nowMs(), receipt: '', receives: 0 });
  }

  bodies(url: string): string[] {
    return (this.#queues.get(url) ?? []).map((message) => message.body);
  }

  answer({ operation, input }: Call): unknown {
    const url = String(input.QueueUrl);
    const messages = this.#queues.get(url);
    if (!messages) throw new ApiError('QueueDoesNotExist', 'The specified queue does not exist.');
    switch (operation as (typeof SQS_OPERATIONS)[number]) {
      case 'ReceiveMessage':
        return this.#receive(messages, input);
      case 'DeleteMessageBatch':
        return this.#each(messages, input, (message) => void messages.splice(messages.indexOf(message), 1));
      case 'ChangeMessageVisibilityBatch':
        return this.#each(messages, input, (message, { VisibilityTimeout = 0 }) => {
          message.visibleFromMs = this.#clock.nowMs() + VisibilityTimeout * 1_000;
        });
    }
  }

  #receive(messages: readonly Message[], input: Call['input']) {
    const { MaxNumberOfMessages = 1, VisibilityTimeout = 30 } = input as Record<string, number | undefined>;
    if (MaxNumberOfMessages < 1 || MaxNumberOfMessages > 10)
      throw new ApiError('InvalidParameterValue', `MaxNumberOfMessages ${MaxNumberOfMessages}: must be 1 to 10`);
    const nowMs = this.#clock.nowMs();
    const received = messages.filter((message) => message.visibleFromMs <= nowMs).slice(0, MaxNumberOfMessages);
    for (const message of received) {
      message.visibleFromMs = nowMs + VisibilityTimeout * 1_000;
      message.receives++;
      message.receipt = `${message.id}#${message.receives}`;
    }
    if (received.length === 0) return {};
    return {
      Messages: received.map(({ id, body, receipt }) => ({
        MessageId: id,
        ReceiptHandle: receipt,
        MD5OfBody: createHash('md5').update(body).digest('hex'),
        Body: body,
      })),
    };
  }

  #each(messages: readonly Message[], input: Call['input'], change: (message: Message, entry: Entry) => void) {
    const entries = input.Entries as readonly Entry[];
    if (entries.length < 1)
      throw new ApiError('EmptyBatchRequest', 'There should be at least one entry in the request.');
    if (entries.length > 10) throw new ApiError('TooManyEntriesInBatchRequest', 'at most 10 entries');
    if (new Set(entries.map((entry) => entry.Id)).size < entries.length)
      throw new ApiError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
    for (const entry of entries) {
      const message = messages.find((one) => one.receipt === entry.ReceiptHandle);
      if (message) change(message, entry);
    }
    return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
  }
}
