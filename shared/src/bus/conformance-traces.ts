import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { activeTraceparent, inSpan, type Traceparent } from '../telemetry/index.ts';
import { type RecordedSpans, recordSpans } from '../telemetry/spans.test-data.ts';
import type { BusMessage } from './bus.ts';
import { bytes, eventually, type Suite, text } from './conformance-suite.ts';
import { MESSAGE_BYTES_MAX } from './subject.ts';

/** What is said in a span says in which. */
export function describeTraces({ bus, fresh }: Suite): void {
  describe('traces', () => {
    let recorded: RecordedSpans;
    beforeAll(() => {
      recorded = recordSpans();
    });
    afterAll(() => recorded.stop());

    /** Runs `publish` in a span, and gives where that stands. */
    async function publishedIn(publish: () => Promise<void>): Promise<Traceparent | undefined> {
      return await inSpan('work', {}, async () => {
        await publish();
        return activeTraceparent();
      });
    }

    async function heard(subject: string) {
      const messages: BusMessage[] = [];
      const active: (Traceparent | undefined)[] = [];
      const subscription = await bus().subscribe(subject, (message) => {
        messages.push(message);
        active.push(activeTraceparent());
      });
      return { messages, active, stop: () => subscription.stop() };
    }

    it('a message carries the span that it was published in, and its handler is in none', async () => {
      const token = fresh();
      const { messages, active, stop } = await heard(`${token}.>`);
      const each = [1, 2, 3].map((number) => ({ subject: `${token}.${number}`, data: bytes(`é${number}`) }));
      const one = await publishedIn(() => bus().publish(`${token}.0`, bytes('0')));
      const all = await publishedIn(() => bus().publishAll(each));
      await bus().publish(`${token}.4`, bytes('4'));
      await eventually(() => expect(messages).toHaveLength(5));
      expect(messages.map(text)).toEqual(['0', 'é1', 'é2', 'é3', '4']);
      expect(one).toBeDefined();
      expect(messages.map(({ traceparent }) => traceparent)).toEqual([one, all, all, all, undefined]);
      expect(active).toEqual(Array.from({ length: 5 }));
      await stop();
    });

    it('a stream keeps it with its message', async () => {
      const token = fresh();
      await bus().ensureStream({ name: token, subjects: [`${token}.>`], keep: 'all', maxAgeMs: 60_000, maxBytes: 1e7 });
      const durable = await publishedIn(() => bus().publishDurable(`${token}.a`, bytes('a'), 'an-id'));
      const plain = await publishedIn(() => bus().publish(`${token}.b`, bytes('b')));
      await bus().publishDurable(`${token}.c`, bytes('c'));
      expect((await bus().last(token, `${token}.a`))?.traceparent).toBe(durable);
      const seen: (Traceparent | undefined)[] = [];
      const options = { stream: token, durable: 'd', batch: 10, maxWaitMs: 0, ackWaitMs: 30_000 };
      const consumer = await bus().consume(options, async (batch) => {
        seen.push(...batch.map(({ traceparent }) => traceparent));
      });
      await eventually(() => expect(seen).toEqual([durable, plain, undefined]));
      await consumer.stop();
    });

    it('the largest message goes without it rather than not at all', async () => {
      const token = fresh();
      const { messages, stop } = await heard(token);
      await publishedIn(() => bus().publish(token, new Uint8Array(MESSAGE_BYTES_MAX)));
      await eventually(() => expect(messages.map(({ data }) => data.byteLength)).toEqual([MESSAGE_BYTES_MAX]));
      await stop();
    });
  });
}
