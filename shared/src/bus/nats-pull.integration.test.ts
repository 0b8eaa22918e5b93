import { AckPolicy, connect, type JsMsg, type NatsConnection } from 'nats';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startNats, type TestServer } from '../../../test/servers/index.ts';
import type { NatsSession } from './nats-link.ts';
import { pull } from './nats-pull.ts';

let server: TestServer;
let session: NatsSession;
beforeAll(async () => {
  server = await startNats();
  const connection = await connect({ servers: new URL(server.url).host });
  session = { connection, jetStream: connection.jetstream(), manager: await connection.jetstreamManager() };
  await session.manager.streams.add({ name: 'S', subjects: ['s.>'] });
});
afterAll(async () => {
  await session.connection.close();
  await server.stop();
});

beforeEach(async () => {
  await session.manager.streams.purge('S');
  await session.manager.consumers.delete('S', 'd').catch(() => {});
  await session.manager.consumers.add('S', { durable_name: 'd', ack_policy: AckPolicy.Explicit });
});

const open = (connection: NatsConnection) =>
  (connection as unknown as { protocol: { subscriptions: { size(): number } } }).protocol.subscriptions.size();
const publish = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => session.jetStream.publish('s.x', `${i}`)));

async function pulled(count: number, waitMs: number, signal = new AbortController().signal): Promise<string[]> {
  const words: string[] = [];
  const onMessage = (message: JsMsg) => {
    words.push(message.string());
    message.ack();
  };
  await pull(session, { stream: 'S', durable: 'd', count, waitMs, onMessage }, signal);
  return words;
}

it('no pull leaves a subscription open: not one that got all, too few, or nothing', async () => {
  await publish(5);
  const before = open(session.connection);
  expect(await pulled(2, 1_000)).toEqual(['0', '1']);
  expect(await pulled(10, 0)).toEqual(['2', '3', '4']);
  for (let i = 0; i < 20; i++) expect(await pulled(10, 0)).toEqual([]);
  expect(await pulled(10, 20)).toEqual([]);
  expect(open(session.connection)).toBe(before);
});

it('one that waits is ended by its signal, and what comes after it waits for the next', async () => {
  const before = open(session.connection);
  const end = new AbortController();
  const waiting = pulled(3, 60_000, end.signal);
  await publish(1);
  await vi.waitFor(async () => {
    const { num_waiting, delivered } = await session.manager.consumers.info('S', 'd');
    expect([num_waiting, delivered.consumer_seq]).toEqual([1, 1]);
  });
  end.abort();
  expect(await waiting).toEqual(['0']);
  await publish(1);
  expect(await pulled(3, 0)).toEqual(['0']);
  expect(open(session.connection)).toBe(before);
});

it('is ended by an error when its consumer goes while it waits', async () => {
  const before = open(session.connection);
  const waiting = pulled(1, 60_000);
  await vi.waitFor(async () => expect((await session.manager.consumers.info('S', 'd')).num_waiting).toBe(1));
  await Promise.all([session.manager.consumers.delete('S', 'd'), expect(waiting).rejects.toThrow('consumer deleted')]);
  expect(open(session.connection)).toBe(before);
});
