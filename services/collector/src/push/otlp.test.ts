import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPushWorld, NOW_MS, type PushWorld } from './push-world.test-data.ts';

const root = protobuf.loadSync(new URL('otlp.proto', import.meta.url).pathname);
const type = root.lookupType('otlp.ExportMetricsServiceRequest');
const responseType = root.lookupType('otlp.ExportMetricsServiceResponse');

let world: PushWorld;
beforeEach(async () => {
  world = await createPushWorld();
});
afterEach(() => world.close());

const nano = (timeMs: number) => `${timeMs}000000`;
const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const SHOP = [attribute('service.name', 'shop'), attribute('service.instance.id', 'shop-1')];
const START_MS = NOW_MS - 3_600_000;

/** A request of one metric with one data point. */
const request = (metric: object, attributes = SHOP) => ({
  resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: { name: 'x' }, metrics: [metric] }] }],
});
const point = (timeMs: number, more: object) => ({
  startTimeUnixNano: nano(START_MS),
  timeUnixNano: nano(timeMs),
  ...more,
});
const histogram = (timeMs: number, count: number, sum: number, more: object = {}) =>
  request({
    name: 'http.duration',
    unit: 's',
    histogram: {
      aggregationTemporality: 2,
      dataPoints: [point(timeMs, { count: String(count), sum, bucketCounts: ['1'], explicitBounds: [1], ...more })],
    },
  });
const sum = (
  name: string,
  timeMs: number,
  asDouble: number,
  temporality: number,
  isMonotonic = true,
  more: object = {},
) =>
  request({
    name,
    unit: '{request}',
    sum: { aggregationTemporality: temporality, isMonotonic, dataPoints: [point(timeMs, { asDouble, ...more })] },
  });

interface Answer {
  readonly partialSuccess?: { readonly rejectedDataPoints: number; readonly errorMessage: string };
}

const sendJson = async (body: unknown) => {
  const response = await world.post('/v1/metrics', JSON.stringify(body));
  return { status: response.status, answer: (await response.json()) as Answer };
};
const valuesOf = async (signal: string) => (await world.stored(signal)).map(({ fields }) => fields.value);

describe('OTLP: what becomes of a metric', () => {
  it('a gauge is its value', async () => {
    const gauge = (value: object) => request({ name: 'queue.length', gauge: { dataPoints: [point(NOW_MS, value)] } });
    expect(await sendJson(gauge({ asInt: '42' }))).toEqual({ status: 200, answer: {} });
    const [row] = await world.stored('queue');
    expect(row).toMatchObject({ timeMs: NOW_MS, fields: { value: 42 } });
    expect(row?.tags.source).toMatch(/^otlp-shop-1-[0-9a-f]{12}$/);
  });

  it('a histogram is how many there were per second, and the mean of those since the last point', async () => {
    await sendJson(histogram(NOW_MS - 60_000, 1_000, 200));
    expect(await valuesOf('rps')).toEqual([]);
    await sendJson(histogram(NOW_MS, 1_600, 350));
    expect(await valuesOf('rps')).toEqual([10]);
    expect(await valuesOf('seconds')).toEqual([0.25]);
  });

  it('a count that began again counts from its start', async () => {
    await sendJson(histogram(NOW_MS - 60_000, 1_000, 200));
    await sendJson(histogram(NOW_MS, 300, 30, { startTimeUnixNano: nano(NOW_MS - 30_000) }));
    expect(await valuesOf('rps')).toEqual([10]);
    // Nobody says since when: a gap, and the next is right again.
    await sendJson(histogram(NOW_MS + 60_000, 60, 30, { startTimeUnixNano: '0' }));
    await sendJson(histogram(NOW_MS + 120_000, 660, 90, { startTimeUnixNano: '0' }));
    expect(await valuesOf('rps')).toEqual([10, 10]);
  });

  it('a sum by steps is divided by the time that it took; one that only grows by the time between two', async () => {
    await sendJson(sum('requests', NOW_MS, 120, 1, true, { startTimeUnixNano: nano(NOW_MS - 10_000) }));
    expect(await valuesOf('rps')).toEqual([12]);
    await sendJson(sum('requests', NOW_MS + 10_000, 500, 2));
    await sendJson(sum('requests', NOW_MS + 20_000, 700, 2));
    expect(await valuesOf('rps')).toEqual([12, 20]);
  });

  it('a signal of kind counter gets the count itself, and none by steps', async () => {
    await sendJson(sum('hits', NOW_MS, 500, 2));
    expect(await valuesOf('hits')).toEqual([500]);
    const { answer } = await sendJson(sum('hits', NOW_MS + 1, 5, 1));
    expect(answer.partialSuccess).toEqual({
      rejectedDataPoints: 1,
      errorMessage: 'hits: aggregation_temporality = delta: allowed for a signal of kind counter: cumulative',
    });
  });

  it('what goes up and down is a value; by steps nobody can tell', async () => {
    await sendJson(sum('requests', NOW_MS, 7, 2, false));
    expect(await valuesOf('rps')).toEqual([7]);
    const { answer } = await sendJson(sum('requests', NOW_MS + 1, 7, 1, false));
    expect(answer.partialSuccess?.errorMessage).toMatch(/allowed for a sum that is not monotonic: cumulative/);
  });

  it('senders are told apart, and attributes choose', async () => {
    const other = [attribute('service.name', 'other')];
    for (const minute of [1, 0]) {
      const timeMs = NOW_MS - minute * 60_000;
      await sendJson(histogram(timeMs, 600 * (2 - minute), 1));
      const second = histogram(timeMs, 60 * (2 - minute), 1, { attributes: [attribute('http.route', '/cart')] });
      await sendJson(second);
      const scopeMetrics = second.resourceMetrics[0]?.scopeMetrics;
      await sendJson({ resourceMetrics: [{ resource: { attributes: other }, scopeMetrics }] });
    }
    expect((await valuesOf('rps')).toSorted()).toEqual([1, 10]);
    expect(new Set((await world.stored('rps')).map(({ tags }) => tags.source)).size).toBe(2);
  });

  it('no value, NaN and an infinite one are gaps', async () => {
    for (const asDouble of ['NaN', 'Infinity']) await sendJson(sum('requests', NOW_MS, asDouble as never, 2, false));
    const { answer } = await sendJson(sum('requests', NOW_MS, 1, 2, false, { flags: 1 }));
    expect(answer).toEqual({});
    expect(await valuesOf('rps')).toEqual([]);
  });

  it('a time of no year is refused, whatever it is', async () => {
    for (const timeUnixNano of [1e308, '9'.repeat(20), -5_000_000]) {
      const { status, answer } = await sendJson(sum('requests', NOW_MS, 1, 2, false, { timeUnixNano }));
      expect(status).toBe(200);
      expect(answer.partialSuccess).toMatchObject({
        rejectedDataPoints: 1,
        errorMessage: expect.stringMatching(/time/),
      });
    }
  });

  it('without a time a point is of now; far ahead it is refused', async () => {
    await sendJson(sum('requests', 0, 1, 2, false, { timeUnixNano: '0' }));
    expect((await world.stored('rps')).map(({ timeMs }) => timeMs)).toEqual([NOW_MS]);
    const { answer } = await sendJson(sum('requests', NOW_MS + 3_600_000, 1, 2, false));
    expect(answer.partialSuccess).toMatchObject({
      rejectedDataPoints: 1,
      errorMessage: expect.stringMatching(/^time = /),
    });
  });
});

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
    ['JSON of something else', '{"resourceMetrics":7}', 'application/json', /resourceMetrics = 7: /],
    [
      'text for a number',
      '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"timeUnixNano":"now"}]}}]}]}]}',
      'application/json',
      /timeUnixNano = .*now.*: allowed: a whole number/,
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

  it('an empty request is a good one', async () => {
    expect(await sendJson({})).toEqual({ status: 200, answer: {} });
    const empty = await world.post('/v1/metrics', new Uint8Array(), { 'content-type': 'application/x-protobuf' });
    expect(empty.status).toBe(200);
  });
});
