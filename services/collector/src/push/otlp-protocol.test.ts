import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attribute, histogram, manyPoints, point, request, SHOP, sum } from './otlp-requests.test-data.ts';
import { createPushWorld, NOW_MS, type PushWorld, sendMetrics, storedValues } from './push-world.test-data.ts';

const root = protobuf.loadSync(new URL('otlp.proto', import.meta.url).pathname);
const type = root.lookupType('otlp.ExportMetricsServiceRequest');
const statusType = root.lookupType('otlp.Status');
const responseType = root.lookupType('otlp.ExportMetricsServiceResponse');

let world: PushWorld;
beforeEach(async () => {
  world = await createPushWorld();
});
afterEach(() => world.close());

const sendJson = (body: unknown) => sendMetrics(world, body);
const valuesOf = (signal: string) => storedValues(world, signal);

describe('OTLP: the protocol', () => {
  it('a repeated request whose samples were not safe is counted once, and lost never', async () => {
    await sendJson(histogram(NOW_MS - 60_000, 1_000, 200));
    world.store.away = true;
    const again = await world.post('/v1/metrics', JSON.stringify(histogram(NOW_MS, 1_600, 350)));
    expect(again.status).toBe(503);
    expect(again.headers.get('retry-after')).toBe('5');
    expect(await again.json()).toEqual({ code: 14, message: 'ECONNREFUSED' });
    world.store.away = false;
    await sendJson(histogram(NOW_MS, 1_600, 350));
    await sendJson(histogram(NOW_MS, 1_600, 350));
    expect(await valuesOf('rps')).toEqual([10]);
  });

  it('protobuf, in gzip, is answered in protobuf', async () => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' };
    const encode = (body: object) => gzipSync(type.encode(type.fromObject(body)).finish());
    await world.post('/v1/metrics', encode(histogram(NOW_MS - 60_000, 1_000, 200)), headers);
    const response = await world.post('/v1/metrics', encode(histogram(NOW_MS, 1_600, 350)), headers);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    expect(responseType.decode(new Uint8Array(await response.arrayBuffer())).toJSON()).toEqual({});
    expect(await valuesOf('rps')).toEqual([10]);
    const partial = await world.post('/v1/metrics', encode(sum('hits', NOW_MS, 5, 1)), headers);
    expect(responseType.decode(new Uint8Array(await partial.arrayBuffer())).toJSON()).toMatchObject({
      partialSuccess: { rejectedDataPoints: '1' },
    });
  });

  it.each<[what: string, body: string | Uint8Array, type: string, says: RegExp]>([
    ['JSON that is none', '{', 'application/json', /payload: not JSON/],
    ['JSON of nothing', 'null', 'application/json', /payload = null/],
    ['JSON of something else', '{"resourceMetrics":7}', 'application/json', /resourceMetrics = 7: /],
    [
      'text for a number',
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"timeUnixNano":"now"}]}}]}]}]}',
      'application/json',
      /timeUnixNano = .*now.*: allowed: a whole number/,
    ],
    [
      'a value that is none',
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"asDouble":"many"}]}}]}]}]}',
      'application/json',
      /asDouble = .*many.*: allowed: a number/,
    ],
    ['more points than anybody has, in few bytes', manyPoints('json'), 'application/json', /allowed: at most 200000/],
    [
      'more points than anybody has, in fewer bytes',
      manyPoints('protobuf'),
      'application/x-protobuf',
      /allowed: at most 200000/,
    ],
    [
      'bytes that are no protobuf',
      Uint8Array.of(0x0a, 0xff, 0xff),
      'application/x-protobuf',
      /not an ExportMetricsServiceRequest/,
    ],
  ])('%s: 400, a Status that says so, and counted', async (_what, body, contentType, says) => {
    const response = await world.post('/v1/metrics', body, { 'content-type': contentType });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(says);
    expect(world.counts.get('dropped: refused')).toBe(1);
  });

  it.each<[what: string, headers: Record<string, string>, status: number, code: number, says: RegExp]>([
    ['what is packed otherwise', { 'content-encoding': 'br' }, 415, 3, /content-encoding = "br": allowed: gzip/],
    ['what claims to be gzip', { 'content-encoding': 'gzip' }, 400, 3, /not gzip/],
    ['too much', {}, 413, 3, /too large/i],
  ])('%s is refused with a Status in its encoding, and counted', async (_what, headers, status, code, says) => {
    const body = Buffer.alloc(status === 413 ? 4 * 2 ** 20 + 1 : 4, 'x');
    for (const contentType of ['application/x-protobuf', 'application/json']) {
      const response = await world.post('/v1/metrics', body, { 'content-type': contentType, ...headers });
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toContain(contentType);
      const bytes = new Uint8Array(await response.arrayBuffer());
      const isJson = contentType === 'application/json';
      const said = isJson ? JSON.parse(Buffer.from(bytes).toString()) : statusType.decode(bytes).toJSON();
      expect(said).toEqual({ code, message: expect.stringMatching(says) });
    }
    expect(world.counts.get('dropped: refused')).toBe(2);
  });

  it('long attributes, such as command lines, keep nothing from being read', async () => {
    const attributes = [...SHOP, attribute('process.command_line', 'java '.repeat(2_000))];
    const dataPoints = [point(NOW_MS, { asInt: '42' })];
    expect(await sendJson(request({ name: 'queue.length', gauge: { dataPoints } }, attributes))).toMatchObject({
      status: 200,
      answer: {},
    });
    expect(await valuesOf('queue')).toEqual([42]);
  });

  it('an empty request is a good one', async () => {
    expect(await sendJson({})).toEqual({ status: 200, answer: {} });
    const empty = await world.post('/v1/metrics', new Uint8Array(), { 'content-type': 'application/x-protobuf' });
    expect(empty.status).toBe(200);
  });
});
