import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from './bus.ts';
import { describeConsuming, describeFailingHandlers, describeStreams } from './conformance-streams.ts';
import { bytes, eventually, type Suite, text } from './conformance-suite.ts';
import { describeTraces } from './conformance-traces.ts';
import { BusRejectedError, BusUnavailableError, NoResponderError, RequestFailedError } from './errors.ts';
import { MESSAGE_BYTES_MAX } from './subject.ts';

/** What every bus must do, whatever carries the messages. `open` gives a bus of its own on each call. */
export function describeBus(name: string, open: (onError: (error: Error) => void) => Promise<Bus>): void {
  describe(`${name}: bus`, () => {
    const errors: string[] = [];
    let bus: Bus;
    let count = 0;
    const suite: Suite = {
      bus: () => bus,
      fresh: () => `t${++count}`,
      errors,
    };
    beforeAll(async () => {
      bus = await open((error) => errors.push(error.message));
    });
    afterAll(() => bus.close());

    describePublishing(suite);
    describeRequests(suite);
    describeStreams(suite);
    describeConsuming(suite);
    describeFailingHandlers(suite);
    describeTraces(suite);

    it('is healthy while open; closed, it says so and takes nothing', async () => {
      const own = await open(() => {});
      expect(await own.health()).toEqual({ ok: true });
      await own.close();
      await own.close();
      expect(await own.health()).toMatchObject({ ok: false });
      await expect(own.publish('a', bytes('x'))).rejects.toThrow(BusUnavailableError);
      await expect(own.publishAll([{ subject: 'a', data: bytes('x') }])).rejects.toThrow(BusUnavailableError);
      await expect(own.publishDurable('a', bytes('x'))).rejects.toThrow(BusUnavailableError);
      await expect(own.request('a', bytes('x'), 100)).rejects.toThrow(BusUnavailableError);
      await expect(own.subscribe('a', () => {})).rejects.toThrow(BusUnavailableError);
      await expect(own.last('a', 'a')).rejects.toThrow(BusUnavailableError);
    });
  });
}

function describePublishing({ bus, fresh, errors }: Suite): void {
  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['a.b', 'a.c', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['*.b', 'a.b', true],
    ['a.*.c', 'a.b.c', true],
    ['a.*.c', 'a.b.d', false],
    ['a.>', 'a.b', true],
    ['a.>', 'a.b.c.d', true],
    ['a.>', 'a', false],
    ['a.*.>', 'a.b.c', true],
    ['a.*.>', 'a.b', false],
    ['>', 'a.b', true],
  ])('who listens to %s and a message on %s: heard is %s', async (pattern, subject, heard) => {
    const token = fresh();
    const got: string[] = [];
    const listening = await bus().subscribe(`${token}.${pattern}`, (message) => {
      got.push(message.subject);
    });
    const end = await bus().subscribe(`end.${token}`, (message) => {
      got.push(message.subject);
    });
    await bus().publish(`${token}.${subject}`, bytes('x'));
    await bus().publish(`end.${token}`, bytes('x'));
    await eventually(() => expect(got).toContain(`end.${token}`));
    expect(got).toEqual(heard ? [`${token}.${subject}`, `end.${token}`] : [`end.${token}`]);
    await listening.stop();
    await end.stop();
  });

  it('many published at once come as if published one by one, or none of them', async () => {
    const token = fresh();
    const sent = ['a', 'ä.节', 'c'].map((subject, index) => ({
      subject: `${token}.${subject}`,
      data: bytes(`${index} ü\r\n`.repeat(index * 1_000)),
    }));
    const got: [string, string][] = [];
    const listening = await bus().subscribe(`${token}.>`, (message) => {
      got.push([message.subject, text(message) ?? '']);
    });
    await bus().publishAll([]);
    const refused = [...sent, { subject: `${token}.a b`, data: bytes('x') }];
    await expect(bus().publishAll(refused)).rejects.toThrow(BusRejectedError);
    await bus().publishAll(sent);
    await eventually(() => expect(got).toHaveLength(3));
    expect(got).toEqual(sent.map((message) => [message.subject, text(message)]));
    await listening.stop();
  });

  it('messages come whole, in order, to every listener, and not after stop', async () => {
    const token = fresh();
    const heard: [string[], string[]] = [[], []];
    const one = await bus().subscribe(token, (message) => void heard[0].push(text(message) ?? ''));
    const two = await bus().subscribe(token, async (message) => void heard[1].push(text(message) ?? ''));
    const sent = Array.from({ length: 2_500 }, (_, i) => `${i} ünï\0`);
    for (const word of sent) await bus().publish(token, bytes(word));
    await eventually(() => expect(heard[1]).toHaveLength(sent.length));
    expect(heard).toEqual([sent, sent]);
    await one.stop();
    await bus().publish(token, bytes('last'));
    await eventually(() => expect(heard[1].at(-1)).toBe('last'));
    expect(heard[0]).toEqual(sent);
    await two.stop();
  });

  it('a buffer may be used again once the publisher goes on', async () => {
    const token = fresh();
    const heard: unknown[] = [];
    const listening = await bus().subscribe(token, (message) => void heard.push(text(message)));
    const buffer = bytes('before');
    await bus().publish(token, buffer);
    buffer.fill(0);
    await eventually(() => expect(heard).toEqual(['before']));
    await listening.stop();
  });

  it('an error of a handler reaches onError and does not end the subscription', async () => {
    const token = fresh();
    const heard: unknown[] = [];
    const listening = await bus().subscribe(token, async (message) => {
      heard.push(text(message));
      if (heard.length === 1) throw new Error(`bad ${token}`);
    });
    await bus().publish(token, bytes('1'));
    await bus().publish(token, bytes('2'));
    await eventually(() => expect(heard).toEqual(['1', '2']));
    expect(errors).toContain(`bad ${token}`);
    await listening.stop();
  });

  it.each(['', 'a b', '.a', 'a.', 'a..b', 'a.*', 'a.>', 'a\nb'])('refuses to publish on %j', async (subject) => {
    await expect(bus().publish(subject, bytes('x'))).rejects.toThrow(BusRejectedError);
    await expect(bus().publishDurable(subject, bytes('x'))).rejects.toThrow(BusRejectedError);
    await expect(bus().request(subject, bytes('x'), 100)).rejects.toThrow(BusRejectedError);
  });

  it.each(['', 'a b', 'a.', 'a.>.b'])('refuses to listen to %j', async (subject) => {
    await expect(bus().subscribe(subject, () => {})).rejects.toThrow(BusRejectedError);
    await expect(bus().respond(subject, async () => bytes(''))).rejects.toThrow(BusRejectedError);
  });

  it('takes a message of 1 MiB, refuses one of more', async () => {
    const token = fresh();
    const heard: number[] = [];
    const listening = await bus().subscribe(token, (message) => void heard.push(message.data.byteLength));
    await bus().publish(token, new Uint8Array(MESSAGE_BYTES_MAX));
    await eventually(() => expect(heard).toEqual([MESSAGE_BYTES_MAX]));
    await expect(bus().publish(token, new Uint8Array(MESSAGE_BYTES_MAX + 1))).rejects.toThrow(BusRejectedError);
    await listening.stop();
  });
}

function describeRequests({ bus, fresh, errors }: Suite): void {
  it('a request gets the answer', async () => {
    const token = fresh();
    const answering = await bus().respond(`${token}.*`, async ({ subject, data }) =>
      bytes(`${subject} ${new TextDecoder().decode(data)}`),
    );
    expect(text(await bus().request(`${token}.a`, bytes('hello'), 5_000))).toBe(`${token}.a hello`);
    await answering.stop();
    await expect(bus().request(`${token}.a`, bytes('hello'), 5_000)).rejects.toThrow(NoResponderError);
  });

  it('an error of the handler is answered, in words, with nothing else', async () => {
    const token = fresh();
    const answering = await bus().respond(token, async () => {
      throw new Error('max is below min');
    });
    const asked = bus().request(token, bytes('{}'), 5_000);
    await expect(asked).rejects.toThrow(RequestFailedError);
    await expect(asked).rejects.toThrow(/^max is below min$/);
    expect(errors).not.toContain('max is below min');
    await answering.stop();
  });

  it.each(['{}', '{"error":1}', '{"error":"x","more":1}', '{', '[]', '""', ''])(
    '%j is an answer as any other',
    async (answer) => {
      const token = fresh();
      const answering = await bus().respond(token, async () => bytes(answer));
      expect(text(await bus().request(token, bytes('x'), 5_000))).toBe(answer);
      await answering.stop();
    },
  );

  it('nobody there: told at once; nobody answers in time: told then', async () => {
    const token = fresh();
    await expect(bus().request(token, bytes('x'), 60_000)).rejects.toThrow(NoResponderError);
    const { promise: never, resolve } = Promise.withResolvers<Uint8Array>();
    const answering = await bus().respond(token, () => never);
    const asked = bus().request(token, bytes('x'), 50);
    await expect(asked).rejects.toThrow(NoResponderError);
    await expect(asked).rejects.toThrow(/50 ms/);
    resolve(bytes('late'));
    await answering.stop();
  });

  it('of a group one answers each request, and the one that is left answers all', async () => {
    const token = fresh();
    const heard = [0, 0];
    const join = (who: number) => {
      const answer = async () => {
        heard[who] = (heard[who] ?? 0) + 1;
        return bytes('');
      };
      return bus().respond(`${token}.*`, answer, 'answerers');
    };
    const first = await join(0);
    const second = await join(1);
    for (let i = 0; i < 50; i++) await bus().request(`${token}.a`, bytes('x'), 5_000);
    expect((heard[0] ?? 0) + (heard[1] ?? 0)).toBe(50);
    expect(Math.min(...heard)).toBeGreaterThan(0);
    await first.stop();
    await bus().request(`${token}.a`, bytes('x'), 5_000);
    await second.stop();
    await expect(bus().request(`${token}.a`, bytes('x'), 5_000)).rejects.toThrow(NoResponderError);
  });

  it('two groups each answer, and a bad name of one is refused', async () => {
    const token = fresh();
    const heard: string[] = [];
    const groups = ['a', 'b'];
    const answering = await Promise.all(
      groups.map((group) => bus().respond(token, async () => bytes(`${heard.push(group)}`), group)),
    );
    await bus().request(token, bytes('x'), 5_000);
    await eventually(() => expect(heard.toSorted()).toEqual(groups));
    for (const one of answering) await one.stop();
    await expect(bus().respond(token, async () => bytes(''), 'a b')).rejects.toThrow(BusRejectedError);
  });

  it('answers each of many at once with its own', async () => {
    const token = fresh();
    const answering = await bus().respond(token, async ({ data }) => data);
    const asked = Array.from({ length: 100 }, (_, i) => bus().request(token, bytes(`${i}`), 5_000));
    expect((await Promise.all(asked)).map(text)).toEqual(asked.map((_, i) => `${i}`));
    await answering.stop();
  });
}
