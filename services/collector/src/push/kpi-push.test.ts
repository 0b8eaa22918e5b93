import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPushWorld, NOW_MS, type PushWorld } from './push-world.test-data.ts';

let world: PushWorld;
beforeEach(async () => {
  world = await createPushWorld();
});
afterEach(() => world.close());

const push = async (body: unknown, headers: Readonly<Record<string, string>> = {}) => {
  const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  const response = await world.post('/api/v1/kpi', text, headers);
  return {
    status: response.status,
    answer: (await response.json()) as Record<string, unknown>,
    retryAfter: response.headers.get('retry-after'),
  };
};
const kpi = (more: object = {}) => ({ pool: 'web', signal: 'rps', value: 5, ...more });
const dropped = () => world.counts.get('dropped: refused') ?? 0;

describe('KPIs over HTTP', () => {
  it('one, or a list of them, is stored when it is answered', async () => {
    expect(await push(kpi())).toMatchObject({ status: 200, answer: { accepted: 1, refused: [] } });
    const earlier = kpi({ value: 6, time: '2026-03-04T11:59:00Z', source: 'shop/1' });
    expect(await push([earlier, kpi({ signal: 'queue' })])).toMatchObject({ answer: { accepted: 2 } });
    const rows = (await world.stored('rps')).map(({ timeMs, tags, fields }) => [timeMs, tags.source, fields.value]);
    expect(rows).toEqual([
      [NOW_MS - 60_000, 'shop/1', 6],
      [NOW_MS, 'push', 5],
    ]);
    expect(await world.stored('queue')).toHaveLength(1);
  });

  it('those that are none are named by their place, and the others are stored', async () => {
    const far = kpi({ time: '2026-03-04T13:00:00Z' });
    const { status, answer } = await push([
      { pool: 'web' },
      kpi(),
      kpi({ pool: 'db' }),
      kpi({ value: 'many' }),
      far,
      7,
    ]);
    expect(status).toBe(200);
    expect(answer).toEqual({
      accepted: 1,
      refused: [
        { index: 0, reason: expect.stringMatching(/^value = absent: allowed: a finite number/) },
        { index: 2, reason: 'pool = "db": allowed: web' },
        { index: 3, reason: 'value = "many": allowed: a finite number' },
        { index: 4, reason: expect.stringMatching(/^time = 2026-03-04T13:00:00.000Z: allowed: at most 5 min ahead/) },
        { index: 5, reason: expect.stringMatching(/^payload = 7/) },
      ],
    });
    expect(dropped()).toBe(5);
    expect(await world.stored('rps')).toHaveLength(1);
  });

  it.each<[what: string, body: string | Uint8Array, headers: Record<string, string>, status: number, error: RegExp]>([
    ['no JSON', 'value=1', {}, 400, /payload: not JSON in UTF-8/],
    ['nothing', '', {}, 400, /payload: not JSON|empty/i],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe), {}, 400, /payload: not JSON in UTF-8/],
    ['too many', JSON.stringify(Array(5_001).fill(1)), {}, 400, /allowed: at most 5000 in one request/],
    ['a form', 'value=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, /Media Type/i],
    [
      'JSON that says it is protobuf',
      JSON.stringify(kpi()),
      { 'content-type': 'application/x-protobuf' },
      415,
      /Media Type/i,
    ],
    ['too much', ' '.repeat(2 ** 20 + 1), {}, 413, /too large/i],
    ['what claims to be gzip', '{}', { 'content-encoding': 'gzip' }, 400, /the body: not gzip/],
    [
      'what claims to be gzip, of a type that is refused before it is read',
      'x'.repeat(100),
      { 'content-encoding': 'gzip', 'content-type': 'text/plain' },
      415,
      /Media Type/i,
    ],
    ['packed otherwise', '{}', { 'content-encoding': 'br' }, 415, /content-encoding = "br": allowed: gzip/],
    [
      'a small body that becomes a large one',
      gzipSync(Buffer.alloc(5 * 2 ** 20)),
      { 'content-encoding': 'gzip' },
      413,
      /too large/i,
    ],
  ])('%s is refused with one line, and counted', async (_what, body, headers, status, error) => {
    const refused = await push(body, headers);
    expect(refused.status).toBe(status);
    expect(refused.answer.error).toMatch(error);
    expect(dropped()).toBe(1);
    expect(await push(kpi())).toMatchObject({ status: 200 });
  });

  it('brackets deeper than the stack are refused like anything else', async () => {
    const deep = `{"value":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(await push(deep)).toMatchObject({ status: 400, answer: { accepted: 0, refused: [{ index: 0 }] } });
    expect(dropped()).toBe(1);
  });

  it('a body in gzip is unpacked', async () => {
    const packed = gzipSync(JSON.stringify(kpi()));
    for (const encoding of ['gzip', 'GZIP', 'x-gzip'])
      expect(await push(packed, { 'content-encoding': encoding })).toMatchObject({
        status: 200,
        answer: { accepted: 1 },
      });
  });

  it('when none is usable the request is a bad one', async () => {
    expect(await push([kpi({ pool: 'db' })])).toMatchObject({ status: 400, answer: { accepted: 0 } });
  });

  it('what is not safe is not acknowledged: the sender is asked to come again', async () => {
    world.store.away = true;
    expect(await push(kpi())).toMatchObject({ status: 503, retryAfter: '5', answer: { error: 'ECONNREFUSED' } });
    world.store.away = false;
    expect(await push(kpi())).toMatchObject({ status: 200 });
    expect(await world.stored('rps')).toHaveLength(1);
  });

  it('no more bodies are received at once than there is room for; who is gone leaves some', async () => {
    const { port } = new URL(world.url);
    const head =
      'POST /api/v1/kpi HTTP/1.1\r\nhost: a\r\nauthorization: Bearer push-token\r\ncontent-type: application/json\r\n';
    const begun = Array.from({ length: 32 }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(`${head}content-length: 100\r\n\r\n{`);
      return socket;
    });
    try {
      await expect
        .poll(() => push(kpi()))
        .toMatchObject({ status: 429, retryAfter: '5', answer: { error: 'too many requests at once' } });
      begun[0]?.destroy();
      await expect.poll(async () => (await push(kpi())).status).toBe(200);
    } finally {
      for (const socket of begun) socket.destroy();
    }
  });

  it('a connection goes on after bodies that nobody read to their end', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const send = async (body: Buffer, headers: Readonly<Record<string, string>>) => {
      const request = httpRequest(`${world.url}/api/v1/kpi`, { agent, method: 'POST', headers });
      request.setHeader('authorization', 'Bearer push-token').end(body);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await text(response);
      return { status: response.statusCode, isReused: request.reusedSocket };
    };
    const json = { 'content-type': 'application/json' };
    const gzip = { 'content-encoding': 'gzip' };
    const noise = randomBytes(900_000);
    expect(await send(gzipSync(noise), { 'content-type': 'text/plain', ...gzip })).toMatchObject({ status: 415 });
    const rest = { isReused: true };
    expect(await send(noise, { ...json, ...gzip })).toEqual({ status: 400, ...rest });
    expect(await send(gzipSync(Buffer.alloc(8 * 2 ** 20)), { ...json, ...gzip })).toEqual({ status: 413, ...rest });
    expect(await send(Buffer.from(JSON.stringify(kpi())), json)).toEqual({ status: 200, ...rest });
    // Who sends on after the answer is not hung up on either: it would not hear why, and send the same again.
    expect(await send(Buffer.alloc(32 * 2 ** 20), json)).toMatchObject({ status: 413 });
    agent.destroy();
  });

  it('what cannot be read is a bad request also while the store is away', async () => {
    world.store.away = true;
    expect(await push('{')).toMatchObject({ status: 400 });
    expect(dropped()).toBe(1);
  });

  it('nobody without the token gets that far', async () => {
    expect(await push(kpi(), { authorization: 'Bearer another' })).toMatchObject({ status: 401 });
    expect(await world.stored('rps')).toHaveLength(0);
  });
});
