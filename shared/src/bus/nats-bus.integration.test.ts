import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startNats, type TestServer } from '../../../test/servers/index.ts';
import type { Bus, StreamConfig } from './bus.ts';
import { describeBus } from './conformance.ts';
import { BusRejectedError, BusUnavailableError } from './errors.ts';
import { createNatsBus } from './nats-bus.ts';
import type { NatsOptions } from './nats-link.ts';

let shared: TestServer;
beforeAll(async () => {
  shared = await startNats();
});
afterAll(() => shared.stop());

describeBus('NATS', (onError) => createNatsBus({ servers: [shared.url], name: 'test', onError }));

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 20 });
const STREAM: StreamConfig = { name: 'S', subjects: ['s.>'], keep: 'all', maxAgeMs: 3_600_000, maxBytes: 50_000_000 };
const CONSUMER = { stream: 'S', durable: 'd', batch: 50, maxWaitMs: 50, ackWaitMs: 2_000 };

describe('NATS bus', () => {
  const opened: Bus[] = [];
  const servers: TestServer[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  });

  async function open(server: TestServer, options: Partial<NatsOptions> = {}): Promise<Bus> {
    const bus = await createNatsBus({ servers: [server.url], name: 'test', ...options });
    opened.push(bus);
    return bus;
  }
  async function start(options = {}): Promise<TestServer> {
    const server = await startNats(options);
    servers.push(server);
    return server;
  }

  it('a message that is more than this server takes is refused, alone or among others, and the connection stays', async () => {
    const server = await start({ payloadBytesMax: 1_000 });
    const errors: Error[] = [];
    const bus = await open(server, { onError: (error) => void errors.push(error) });
    const heard: string[] = [];
    await bus.subscribe('live', ({ data }) => void heard.push(text(data)));
    const messages = ['a', 'b'.repeat(1_001), 'c'].map((one) => ({ subject: 'live', data: bytes(one) }));
    await expect(bus.publishAll(messages)).rejects.toThrow(/MAX_PAYLOAD_EXCEEDED/);
    await expect(bus.publishAll(messages.slice(1, 2))).rejects.toThrow(/MAX_PAYLOAD_EXCEEDED/);
    await bus.publish('live', bytes('d'));
    await eventually(() => expect(heard).toEqual(['d']));
    expect(errors).toEqual([]);
  });

  it('hands over the second of two full batches while the first is at work, and no third', async () => {
    const bus = await open(await start());
    await bus.ensureStream(STREAM);
    for (let number = 0; number < 6; number++) await bus.publishDurable('s.a', bytes(String(number)));
    const { promise: opened, resolve: openDoor } = Promise.withResolvers<void>();
    const firsts: string[] = [];
    await bus.consume({ ...CONSUMER, batch: 2, atOnce: 2 }, async ([first]) => {
      firsts.push(text(first?.data ?? bytes('')));
      await opened;
    });
    await eventually(() => expect(firsts).toEqual(['0', '2']));
    // Whoever would get the third asks now.
    expect((await bus.request('$JS.API.INFO', bytes(''), 5_000)).data.byteLength).toBeGreaterThan(0);
    expect(firsts).toEqual(['0', '2']);
    openDoor();
    await eventually(() => expect(firsts).toEqual(['0', '2', '4']));
  });

  it('killed and restarted: refused meanwhile, then listeners, responders and consumers go on, nothing confirmed is lost', async () => {
    const server = await start();
    const errors: Error[] = [];
    const onError = (error: Error) => void errors.push(error);
    const publisher = await open(server, { onError });
    const service = await open(server, { onError });
    await service.ensureStream(STREAM);
    const consumed: string[] = [];
    const heard: string[] = [];
    await service.consume(CONSUMER, async (batch) => void consumed.push(...batch.map(({ data }) => text(data))));
    await service.subscribe('live', ({ data }) => void heard.push(text(data)));
    await service.respond('ask', async ({ data }) => data);

    const confirmed: string[] = [];
    const refusals: unknown[] = [];
    let next = 0;
    const publish = async () => {
      const word = `${next++}`;
      await publisher.publishDurable(`s.${word}`, bytes(word), word).then(
        () => confirmed.push(word),
        (error: unknown) => refusals.push(error),
      );
    };
    for (let i = 0; i < 20; i++) await publish();
    expect(refusals).toEqual([]);
    const flying = Promise.all(Array.from({ length: 200 }, publish));
    await server.kill('SIGKILL');
    await flying;

    await eventually(async () => expect(await publisher.health()).toMatchObject({ ok: false }));
    const startMs = performance.now();
    await expect(publisher.publish('live', bytes('lost'))).rejects.toThrow(BusUnavailableError);
    await expect(publisher.publishDurable('s.lost', bytes('lost'))).rejects.toThrow(BusUnavailableError);
    await expect(publisher.request('ask', bytes('x'), 60_000)).rejects.toThrow(BusUnavailableError);
    await expect(publisher.ensureStream(STREAM)).rejects.toThrow(BusUnavailableError);
    await expect(publisher.last('S', 's.0')).rejects.toThrow(BusUnavailableError);
    await expect(publisher.subscribe('live', () => {})).rejects.toThrow(BusUnavailableError);
    await expect(publisher.consume(CONSUMER, async () => {})).rejects.toThrow(BusUnavailableError);
    expect(await publisher.health()).toMatchObject({ ok: false, reason: expect.stringContaining(server.url) });
    expect(performance.now() - startMs).toBeLessThan(1_000);

    await server.restart();
    await eventually(async () => expect(await publisher.health()).toEqual({ ok: true }));
    await eventually(async () => expect(await service.health()).toEqual({ ok: true }));
    for (let i = 0; i < 20; i++) await publish();
    await publisher.publish('live', bytes('again'));
    expect(text((await publisher.request('ask', bytes('x'), 5_000)).data)).toBe('x');
    await eventually(() => expect(heard).toEqual(['again']));
    await eventually(() => expect(confirmed.filter((word) => !consumed.includes(word))).toEqual([]));
    expect(confirmed.length).toBeGreaterThanOrEqual(40);
    for (const refusal of refusals) expect(refusal).toBeInstanceOf(BusUnavailableError);
    expect(errors.map((error) => error.message)).toEqual(expect.arrayContaining([expect.stringContaining('lost')]));
  });

  it('a server that hangs is refused within seconds', async () => {
    const server = await start();
    const bus = await open(server);
    await bus.ensureStream(STREAM);
    await server.kill('SIGSTOP');
    const startMs = performance.now();
    await expect(bus.publishDurable('s.a', bytes('x'))).rejects.toThrow(BusUnavailableError);
    expect(await bus.health()).toMatchObject({ ok: false });
    expect(performance.now() - startMs).toBeLessThan(9_000);
    await server.kill('SIGCONT');
    await eventually(() => bus.publishDurable('s.a', bytes('y')));
  });

  it('messages that were handed over when the server died come again to a new process', async () => {
    const server = await start();
    const one = await open(server);
    await one.ensureStream(STREAM);
    await (await one.consume(CONSUMER, async () => {})).stop();
    for (const word of ['a', 'b']) await one.publishDurable('s.x', bytes(word));
    // A process that took them and died: nobody tells the server that they are being worked on.
    const dead = await connect({ servers: new URL(server.url).host });
    for await (const _ of dead.jetstream().fetch('S', 'd', { batch: 2, expires: 5_000 }));
    await dead.close();
    await server.kill('SIGKILL');
    await server.restart();
    const two = await open(server);
    const got: string[] = [];
    await two.consume(CONSUMER, async (batch) => void got.push(...batch.map(({ data }) => text(data))));
    await eventually(() => expect(got.sort()).toEqual(['a', 'b']));
  });

  it('all that a dead process had in hand comes again in one go, not a handful per wait', async () => {
    const server = await start();
    const bus = await open(server);
    await bus.ensureStream(STREAM);
    const options = { ...CONSUMER, batch: 1_000, maxWaitMs: 0 };
    await (await bus.consume(options, async () => {})).stop();
    await Promise.all(Array.from({ length: 1_500 }, (_, i) => bus.publishDurable('s.x', bytes(`${i}`.padStart(150)))));
    const dead = await connect({ servers: new URL(server.url).host });
    for await (const _ of dead.jetstream().fetch('S', 'd', { batch: 1_500, expires: 1_000 }));
    await dead.close();

    const atMs = new Map<string, number>();
    await bus.consume(options, async (batch) => {
      for (const { data } of batch) atMs.set(text(data), performance.now());
    });
    await eventually(() => expect(atMs.size).toBe(1_500));
    expect(Math.max(...atMs.values()) - Math.min(...atMs.values())).toBeLessThan(CONSUMER.ackWaitMs);
  });

  it('streams and consumers are made again on a server that comes back without them', async () => {
    const server = await start();
    const bus = await open(server);
    await bus.ensureStream(STREAM);
    const got: string[] = [];
    await bus.consume(CONSUMER, async (batch) => void got.push(...batch.map(({ data }) => text(data))));
    const admin = await connect({ servers: server.url });
    await (await admin.jetstreamManager()).streams.delete('S');
    await admin.close();
    await eventually(() => bus.publishDurable('s.a', bytes('x')));
    await eventually(() => expect(got).toEqual(['x']));
  });

  it('starts while the server is away, and finds it when it is there', async () => {
    const server = await start();
    await server.kill('SIGKILL');
    const errors: string[] = [];
    const startMs = performance.now();
    const bus = await open(server, { onError: (error) => errors.push(error.message) });
    expect(performance.now() - startMs).toBeLessThan(4_000);
    await expect(bus.publish('a', bytes('x'))).rejects.toThrow(BusUnavailableError);
    expect(await bus.health()).toMatchObject({ ok: false, reason: expect.stringMatching(/REFUSED/) });
    await server.restart();
    await eventually(() => bus.ensureStream(STREAM));
    await bus.publishDurable('s.a', bytes('x'));
    expect(errors).toHaveLength(1);
  });

  it('closing while the server is away ends at once', async () => {
    const server = await start();
    const bus = await open(server);
    await bus.ensureStream(STREAM);
    await bus.consume(CONSUMER, async () => {});
    await server.kill('SIGKILL');
    const startMs = performance.now();
    await bus.close();
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });

  it('a wrong password is a reason that is told without it; the right one opens', async () => {
    const server = await start({ user: 'forescale', password: 'secret-word' });
    const wrong = await open(server, { user: 'forescale', password: 'wrong-word' });
    const health = await wrong.health();
    expect(health).toMatchObject({ ok: false, reason: expect.stringMatching(/authorization/i) });
    expect(JSON.stringify(health)).not.toContain('word');
    const right = await open(server, { user: 'forescale', password: 'secret-word' });
    expect(await right.health()).toEqual({ ok: true });
    const inUrl = server.url.replace('//', '//forescale:secret-word@');
    expect(await (await open(server, { servers: [inUrl] })).health()).toEqual({ ok: true });
    const token = await start({ token: 'a-token' });
    expect(await (await open(token, { token: 'a-token' })).health()).toEqual({ ok: true });
  });

  it("leaves an operator's stream as it is when it keeps our subjects, and refuses one that does not", async () => {
    const server = await start();
    const bus = await open(server);
    const admin = await connect({ servers: server.url });
    const manager = await admin.jetstreamManager();
    await manager.streams.add({ name: 'S', subjects: ['s.>', 'more.>'], max_bytes: 12_345_678 });
    await manager.streams.add({ name: 'OTHER', subjects: ['orders.>'] });
    await bus.ensureStream(STREAM);
    await bus.publishDurable('s.a', bytes('x'));
    expect((await manager.streams.info('S')).config.max_bytes).toBe(12_345_678);
    const refused = bus.ensureStream({ ...STREAM, name: 'OTHER', subjects: ['t.>'] });
    await expect(refused).rejects.toThrow(BusRejectedError);
    await expect(refused).rejects.toThrow(/OTHER.*orders\.>.*t\.>/);
    await admin.close();
  });

  it('a plain client is heard and answered', async () => {
    const bus = await open(shared);
    await bus.ensureStream({ ...STREAM, name: 'PLAIN', subjects: ['plain.>'] });
    await bus.respond('plain-ask', async () => {
      throw new Error('not now');
    });
    const client = await connect({ servers: shared.url });
    client.publish('plain.a', 'hello');
    expect(text((await client.request('plain-ask', 'x')).data)).toBe('{"error":"not now"}');
    expect(text((await bus.last('PLAIN', 'plain.a'))?.data ?? bytes(''))).toBe('hello');
    await client.close();
  });
});
