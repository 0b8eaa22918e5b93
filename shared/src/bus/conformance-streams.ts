import { expect, it } from 'vitest';
import type { Bus, ConsumeOptions, StreamConfig } from './bus.ts';
import { bytes, eventually, type Suite, text } from './conformance-suite.ts';
import { BusRejectedError, BusUnavailableError } from './errors.ts';

/** Short enough to wait for; long enough for a machine that has much to do. */
const SLOW_ACK_WAIT_MS = 1_500;

function stream(token: string, overrides: Partial<StreamConfig> = {}): StreamConfig {
  return {
    name: `S_${token}`,
    subjects: [`${token}.>`],
    keep: 'all',
    maxAgeMs: 3_600_000,
    maxBytes: 10_000_000,
    ...overrides,
  };
}

function consumer(token: string, overrides: Partial<ConsumeOptions> = {}): ConsumeOptions {
  return { stream: `S_${token}`, durable: 'd', batch: 10, maxWaitMs: 20, ackWaitMs: 30_000, ...overrides };
}

export function describeStreams({ bus, fresh }: Suite): void {
  it('last: the newest message of each subject, none where there is none', async () => {
    const token = fresh();
    expect(await bus().last(`S_${token}`, `${token}.a`)).toBeNull();
    await bus().ensureStream(stream(token, { keep: 'last' }));
    expect(await bus().last(`S_${token}`, `${token}.a`)).toBeNull();
    await bus().publishDurable(`${token}.a`, bytes('1'));
    await bus().publishDurable(`${token}.b`, bytes('2'));
    await bus().publishDurable(`${token}.a`, bytes('3'));
    expect(await bus().last(`S_${token}`, `${token}.a`)).toEqual({ subject: `${token}.a`, data: bytes('3') });
    expect(text(await bus().last(`S_${token}`, `${token}.b`))).toBe('2');
  });

  it('a durable message reaches listeners, and a plain one the stream', async () => {
    const token = fresh();
    await bus().ensureStream(stream(token));
    const heard: unknown[] = [];
    const listening = await bus().subscribe(`${token}.>`, (message) => void heard.push(text(message)));
    await bus().publishDurable(`${token}.a`, bytes('durable'));
    await bus().publish(`${token}.a`, bytes('plain'));
    await eventually(() => expect(heard).toEqual(['durable', 'plain']));
    await eventually(async () => expect(text(await bus().last(`S_${token}`, `${token}.a`))).toBe('plain'));
    await listening.stop();
  });

  it('without a stream nothing is durable', async () => {
    await expect(bus().publishDurable(`${fresh()}.a`, bytes('x'))).rejects.toThrow(BusUnavailableError);
  });

  it('an id that was seen is a no-op', async () => {
    const token = fresh();
    await bus().ensureStream(stream(token));
    for (const [id, word] of [
      ['x', 'first'],
      ['x', 'again'],
      ['y', 'other'],
      ['x', 'again'],
    ] as const) {
      await bus().publishDurable(`${token}.a`, bytes(word), `${token} ${id}`);
    }
    expect(text(await bus().last(`S_${token}`, `${token}.a`))).toBe('other');
    expect(await consumed(bus(), consumer(token), 2)).toEqual(['first', 'other']);
  });

  it('the oldest messages go when there are too many bytes', async () => {
    const token = fresh();
    await bus().ensureStream(stream(token, { maxBytes: 20_000 }));
    for (let i = 0; i < 30; i++) await bus().publishDurable(`${token}.a`, bytes(`${i}`.padEnd(1_000)));
    const [first] = await consumed(bus(), consumer(token, { batch: 1 }), 1);
    expect(Number(first)).toBeGreaterThanOrEqual(10);
    expect(Number(first)).toBeLessThan(30);
  });

  it('makes a stream again, and gives it other limits, without a loss', async () => {
    const token = fresh();
    await bus().ensureStream(stream(token));
    await bus().publishDurable(`${token}.a`, bytes('kept'));
    await bus().ensureStream(stream(token));
    await bus().ensureStream(
      stream(token, { subjects: [`${token}.>`, `other.${token}`], maxAgeMs: 7_200_000, maxBytes: 5_000_000 }),
    );
    await bus().publishDurable(`other.${token}`, bytes('more'));
    expect(await consumed(bus(), consumer(token), 2)).toEqual(['kept', 'more']);
  });

  it.each([
    ['a name that is none', { name: 'a.b' }],
    ['no subject', { subjects: [] }],
    ['a subject that is none', { subjects: ['a..b'] }],
    ['no age', { maxAgeMs: 0 }],
    ['no bytes', { maxBytes: Number.NaN }],
  ] satisfies [string, Partial<StreamConfig>][])('refuses a stream with %s', async (_, wrong) => {
    await expect(bus().ensureStream(stream(fresh(), wrong))).rejects.toThrow(BusRejectedError);
  });

  it("refuses another stream's subjects, and another kind under the same name", async () => {
    const token = fresh();
    await bus().ensureStream(stream(token));
    const thief = bus().ensureStream(stream(fresh(), { subjects: [`${token}.a.*`] }));
    await expect(thief).rejects.toThrow(BusRejectedError);
    await expect(bus().ensureStream(stream(token, { keep: 'work' }))).rejects.toThrow(BusRejectedError);
  });
}

/** The next messages of a consumer, as texts. */
async function consumed(bus: Bus, options: ConsumeOptions, count: number): Promise<(string | null)[]> {
  const got: (string | null)[] = [];
  const consuming = await bus.consume(options, async (batch) => {
    got.push(...batch.map(text));
  });
  await eventually(() => expect(got.length).toBeGreaterThanOrEqual(count));
  await consuming.stop();
  return got;
}

export function describeConsuming({ bus, fresh }: Suite): void {
  const filled = async (messages: number, config: Partial<StreamConfig> = {}) => {
    const token = fresh();
    await bus().ensureStream(stream(token, config));
    const all = Array.from({ length: messages }, (_, i) => bytes(`${i}`));
    await Promise.all(all.map((data) => bus().publishDurable(`${token}.a`, data)));
    return token;
  };
  const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`);

  it('hands over what the stream keeps and what comes, in order, in batches of the size asked for', async () => {
    const token = await filled(25);
    const batches: number[] = [];
    const got: (string | null)[] = [];
    const consuming = await bus().consume(consumer(token), async (batch) => {
      batches.push(batch.length);
      got.push(...batch.map(text));
    });
    await eventually(() => expect(got).toEqual(numbers(0, 25)));
    await bus().publishDurable(`${token}.b.c`, bytes('25'));
    await eventually(() => expect(got).toEqual(numbers(0, 26)));
    expect(Math.max(...batches)).toBe(10);
    await consuming.stop();
  });

  it('more than one batch at once, where that is asked for, in order and each until it is done', async () => {
    const token = await filled(12);
    const got: (string | null)[] = [];
    let underWay = 0;
    let most = 0;
    const failing = new Set(['4']);
    const options = consumer(token, { batch: 2, maxWaitMs: 500, atOnce: 2 });
    const consuming = await bus().consume(options, async (batch) => {
      most = Math.max(most, ++underWay);
      const first = text(batch[0] ?? null) ?? '';
      await new Promise((resolve) => setImmediate(resolve));
      underWay--;
      if (failing.delete(first)) throw new Error(`no ${token}`);
      got.push(...batch.map(text));
    });
    await eventually(() => expect(got).toHaveLength(12));
    await consuming.stop();
    expect(underWay).toBe(0);
    expect(most).toBeLessThanOrEqual(2);
    expect(got.slice(0, 4)).toEqual(['0', '1', '2', '3']);
    expect(got.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(0, 12));
  });

  it.each([0, 1, 300])('a batch that is not full is handed over all the same, after %d ms', async (maxWaitMs) => {
    const token = await filled(3);
    expect(await consumed(bus(), consumer(token, { batch: 100, maxWaitMs }), 3)).toEqual(['0', '1', '2']);
  });

  it('a consumer of the same name goes on where the last one ended; one of another name begins at the start', async () => {
    const token = await filled(5);
    expect(await consumed(bus(), consumer(token), 5)).toEqual(numbers(0, 5));
    await bus().publishDurable(`${token}.a`, bytes('5'));
    expect(await consumed(bus(), consumer(token, { ackWaitMs: 20_000 }), 1)).toEqual(['5']);
    expect(await consumed(bus(), consumer(token, { durable: 'other' }), 6)).toEqual(numbers(0, 6));
  });

  it('consumers of one name share the messages', async () => {
    const token = await filled(0);
    const got: [string[], string[]] = [[], []];
    const sharing = await Promise.all(
      got.map((own) =>
        bus().consume(consumer(token, { batch: 1 }), async ([message]) => {
          own.push(text(message ?? null) ?? '');
          // Busy until the other one has had its turn.
          await eventually(() => expect(Math.min(got[0].length, got[1].length)).toBeGreaterThan(0));
        }),
      ),
    );
    await Promise.all(numbers(0, 20).map((word) => bus().publishDurable(`${token}.a`, bytes(word))));
    await eventually(() => expect(got.flat()).toHaveLength(20));
    expect(got.flat().sort()).toEqual(numbers(0, 20).sort());
    await Promise.all(sharing.map((one) => one.stop()));
  });

  it('work: a message goes when it is acknowledged, and there is one consumer', async () => {
    const token = await filled(3, { keep: 'work' });
    const consuming = await bus().consume(consumer(token), async () => {});
    await expect(bus().consume(consumer(token, { durable: 'other' }), async () => {})).rejects.toThrow(
      BusRejectedError,
    );
    await eventually(async () => expect(await bus().last(`S_${token}`, `${token}.a`)).toBeNull());
    await consuming.stop();
  });

  it('stop waits for the handler; what was not handed over is there for the next one at once', async () => {
    const token = await filled(4);
    const { promise: busy, resolve: finish } = Promise.withResolvers<void>();
    let handling = false;
    let finished = false;
    const consuming = await bus().consume(consumer(token, { batch: 2 }), async () => {
      handling = true;
      await busy;
      finished = true;
    });
    await eventually(() => expect(handling).toBe(true));
    const stopped = consuming.stop();
    finish();
    await stopped;
    expect(finished).toBe(true);
    expect(await consumed(bus(), consumer(token), 2)).toEqual(['2', '3']);
  });

  it('refuses a consumer of no stream, or with an impossible batch', async () => {
    const asked = bus().consume(consumer(fresh()), async () => {});
    await expect(asked).rejects.toThrow(BusRejectedError);
    await expect(asked).rejects.toThrow(/S_t\d+/);
    const token = await filled(0);
    for (const wrong of [{ batch: 0 }, { batch: 1.5 }, { maxWaitMs: -1 }, { ackWaitMs: 10 }, { durable: 'a.b' }]) {
      await expect(bus().consume(consumer(token, wrong), async () => {})).rejects.toThrow(BusRejectedError);
    }
  });
}

export function describeFailingHandlers({ bus, fresh, errors }: Suite): void {
  it('a batch that is rejected comes again, all of it, until it is taken', async () => {
    const token = fresh();
    await bus().ensureStream(stream(token));
    for (const word of ['a', 'b']) await bus().publishDurable(`${token}.a`, bytes(word));
    const batches: (string | null)[][] = [];
    const consuming = await bus().consume(consumer(token, { batch: 2, maxWaitMs: 500 }), async (batch) => {
      batches.push(batch.map(text));
      if (batches.length <= 3) throw new Error(`no ${token}`);
    });
    await eventually(() => expect(batches.length).toBe(4));
    expect(batches.map((batch) => batch.sort())).toEqual(Array.from({ length: 4 }, () => ['a', 'b']));
    expect(errors.filter((message) => message === `no ${token}`)).toHaveLength(3);
    await bus().publishDurable(`${token}.a`, bytes('c'));
    await eventually(() => expect(batches.at(-1)).toEqual(['c']));
    await consuming.stop();
  });

  it('a poisoned message does not spin', async () => {
    const token = fresh();
    await bus().ensureStream(stream(token));
    await bus().publishDurable(`${token}.a`, bytes('poison'));
    const timesMs: number[] = [];
    const consuming = await bus().consume(consumer(token, { maxWaitMs: 0 }), async () => {
      timesMs.push(performance.now());
      throw new Error('poisoned');
    });
    await eventually(() => expect(timesMs.length).toBeGreaterThanOrEqual(4));
    await consuming.stop();
    // At least 0.1, 0.2 and 0.4 s after each other.
    expect(Number(timesMs[3]) - Number(timesMs[0])).toBeGreaterThanOrEqual(650);
  });

  it('a handler that takes longer than ackWaitMs keeps its batch: no other consumer gets it', async () => {
    const token = fresh();
    await bus().ensureStream(stream(token, { keep: 'work' }));
    const { promise: busy, resolve: finish } = Promise.withResolvers<void>();
    const options = consumer(token, { ackWaitMs: SLOW_ACK_WAIT_MS, maxWaitMs: 0, batch: 1 });
    const others: (string | null)[] = [];
    const slow: number[] = [];
    const consuming = [0, 1].map(() =>
      bus().consume(options, async ([message]) => {
        if (text(message ?? null) !== 'slow') return void others.push(text(message ?? null));
        slow.push(performance.now());
        await busy;
      }),
    );
    await bus().publishDurable(`${token}.a`, bytes('slow'));
    await eventually(() => expect(slow).toHaveLength(1));
    await bus().publishDurable(`${token}.a`, bytes('quick'));
    await eventually(() => expect(performance.now() - Number(slow[0])).toBeGreaterThan(2.5 * SLOW_ACK_WAIT_MS));
    finish();
    await eventually(async () => expect(await bus().last(`S_${token}`, `${token}.a`)).toBeNull());
    expect([slow.length, others]).toEqual([1, ['quick']]);
    for (const one of consuming) await (await one).stop();
  });

  it('says how often a message was handed over', async () => {
    const token = fresh();
    await bus().ensureStream(stream(token));
    await bus().publishDurable(`${token}.a`, bytes('x'));
    const deliveries: (number | undefined)[] = [];
    const consuming = await bus().consume(consumer(token, { maxWaitMs: 0 }), async ([message]) => {
      deliveries.push(message?.deliveries);
      if (deliveries.length < 3) throw new Error('not yet');
    });
    await eventually(() => expect(deliveries).toHaveLength(3));
    await consuming.stop();
    expect(deliveries).toEqual([1, 2, 3]);
  });
}
