import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { attribute, histogram, nano, point, request, SHOP, sum } from './otlp-requests.test-data.ts';
import { createPushWorld, NOW_MS, type PushWorld, sendMetrics, storedValues } from './push-world.test-data.ts';

let world: PushWorld;
beforeEach(async () => {
  world = await createPushWorld();
});
afterEach(() => world.close());

const sendJson = (body: unknown) => sendMetrics(world, body);
const valuesOf = (signal: string) => storedValues(world, signal);

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

  it('metrics of one signal are told apart as well, and so are those of one name by the library that measures', async () => {
    for (const minute of [1, 0]) {
      const timeMs = NOW_MS - minute * 60_000;
      await sendJson(histogram(timeMs, 600 * (2 - minute), 1));
      await sendJson(sum('requests', timeMs, 60 * (2 - minute), 2));
      const [more] = sum('requests', timeMs, 120 * (2 - minute), 2).resourceMetrics[0]?.scopeMetrics[0]?.metrics ?? [];
      await sendJson(request(more as object, SHOP, 'another'));
    }
    expect((await valuesOf('rps')).map(Number).toSorted((a, b) => a - b)).toEqual([1, 2, 10]);
    expect(new Set((await world.stored('rps')).map(({ tags }) => tags.source)).size).toBe(3);
  });

  it('a clock that was ahead once is refused at once, and does not blind its series', async () => {
    const { answer } = await sendJson(sum('requests', NOW_MS + 9e9, 5, 2));
    expect(answer.partialSuccess).toMatchObject({
      rejectedDataPoints: 1,
      errorMessage: expect.stringMatching(/time = 2026-06-16T16:00:00.000Z: allowed: at most 5 min ahead/),
    });
    await sendJson(sum('requests', NOW_MS - 60_000, 100, 2));
    await sendJson(sum('requests', NOW_MS, 700, 2));
    expect(await valuesOf('rps')).toEqual([10]);
  });

  it('what a sender kept for hours is a rate all the same', async () => {
    await sendJson(sum('requests', NOW_MS - 7_260_000, 100, 2));
    await sendJson(sum('requests', NOW_MS - 7_200_000, 700, 2));
    expect(await valuesOf('rps')).toEqual([10]);
  });

  it('a point that several rules want and none can take is one that is rejected', async () => {
    const { answer } = await sendJson(histogram(NOW_MS + 9e9, 100, 5));
    expect(answer.partialSuccess?.rejectedDataPoints).toBe(1);
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
      errorMessage: expect.stringMatching(/^requests: time = /),
    });
  });
});
