import { readFile } from 'node:fs/promises';
import { createNatsBus } from '@forescale/shared/bus';
import { createJetStreamState } from '@forescale/shared/state';
import { streams, subjects } from '@forescale/shared/wire';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../harness/waiting.ts';
import { startNats, type TestServer } from '../servers/index.ts';

const PASSWORD = 'of-the-test';
const WITHIN_MS = 10_000;
const BLOCK = /```text\n(authorization \{[^`]+\})\n```/;
const KPI = JSON.stringify({ value: 1 });

let server: TestServer;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const [, block = ''] = BLOCK.exec(await readFile('docs/security.md', 'utf8')) ?? [];
  server = await startNats({ authorization: block.replace(/password: \$[A-Z]+/g, `password: "${PASSWORD}"`) });
  closing.push(() => server.stop());
  const options = { servers: [server.url], name: 'forescale', user: 'forescale', password: PASSWORD };
  const bus = await createNatsBus(options);
  closing.push(() => bus.close());
  for (const stream of Object.values(streams)) await bus.ensureStream(stream);
  await bus.respond(subjects.override('web'), async () => new TextEncoder().encode('{"ok":true}'));
  const consumer = { stream: streams.kpi.name, durable: 'collector', batch: 10, maxWaitMs: 0, ackWaitMs: 30_000 };
  await bus.consume(consumer, async (batch) => void taken.push(...batch.map(({ subject }) => subject)));
  const state = await createJetStreamState({ ...options, bucket: 'forescale-actuator' });
  closing.push(() => state.close());
  expect(await state.compareAndSet('a', new Uint8Array([1]), 0)).toBeGreaterThan(0);
});
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

const taken: string[] = [];

async function as(user: string): Promise<{ readonly connection: NatsConnection; readonly refused: string[] }> {
  const connection = await connect({ servers: new URL(server.url).host, user, pass: PASSWORD });
  closing.push(() => connection.close());
  const refused: string[] = [];
  void (async () => {
    for await (const { data } of connection.status()) refused.push(String(data));
  })();
  return { connection, refused };
}

it('an application sends its own KPIs, durably, and nothing else', async () => {
  const { connection, refused } = await as('shop');
  await connection.jetstream().publish(subjects.kpi('web', 'load'), KPI);
  await eventually('the KPI is taken', WITHIN_MS, () => taken.includes('forescale.v1.kpi.web.load'));
  for (const subject of [subjects.override('web'), subjects.kpi('batch', 'load'), subjects.forecast('web', 'load')]) {
    refused.length = 0;
    connection.publish(subject, KPI);
    await eventually(`${subject} is refused`, WITHIN_MS, () => refused.some((one) => /permission/i.test(one)));
  }
});

it('an operator overrides, and sends no forecast', async () => {
  const { connection, refused } = await as('operator');
  const { data } = await connection.request(subjects.override('web'), '{}', { timeout: WITHIN_MS });
  expect(new TextDecoder().decode(data)).toBe('{"ok":true}');
  connection.publish(subjects.forecast('web', 'load'), KPI);
  await eventually('the forecast is refused', WITHIN_MS, () => refused.some((one) => /permission/i.test(one)));
});
