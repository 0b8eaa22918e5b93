import { createInProcessBus } from '@forescale/shared/bus';
import { parseConfig } from '@forescale/shared/config';
import { NotLeadingError } from '@forescale/shared/leadership';
import { createSqliteStore, type Point, type Store, StoreUnavailableError } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import {
  encodeEvent,
  encodeSources,
  type PlanData,
  rfc3339,
  streams,
  subjects,
  WireError,
} from '@forescale/shared/wire';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActuatorView } from '../service/index.ts';
import { apiRoutes } from './routes.ts';
import {
  forecastDocumentSchema,
  historySchema,
  planDocumentSchema,
  poolsSchema,
  sourcesDocumentSchema,
} from './schema.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const MINUTE_MS = 60_000;

const CONFIG = parseConfig(
  `autoscaler:
  pools:
    - name: web
      signals: [{ name: rps, unit: "1/s", capacity_per_node: 100 }, { name: cpu, aggregate: max }, { name: requests, kind: counter }]
      bounds: { min_nodes: 2, max_nodes: 9 }
      policies: { noon: { time_range: "12:00-13:00", min_nodes: 4 } }
    - { name: batch, mode: enforce, provider: { kind: simulated, url: "http://127.0.0.1:1" } }`,
  'test',
  {},
);

const PLAN: PlanData = {
  pool: 'web',
  time: new Date(NOW_MS).toISOString(),
  mode: 'observe',
  generation: 7,
  need: 5,
  floor: 4,
  floor_from: 'policy noon',
  ceiling: 9,
  ceiling_from: 'pool',
  desired: 5,
  ready: 3,
  starting: 1,
  draining: 0,
  usd_per_hour: 0.4,
  needs: [{ source: 'observed:rps', nodes: 5, why: '480 over 100 per node' }],
  reasons: [{ code: 'create', text: '2 x small' }],
  actions: [{ kind: 'create', target: 'small a on_demand', count: 2, why: 'observed:rps' }],
};

let app: FastifyInstance;
let store: Store;
let storeAway = false;
const overrides: [string, unknown][] = [];
const bus = createInProcessBus();

const actuator: ActuatorView = {
  pools: () =>
    CONFIG.pools.map((config) => {
      const isWeb = config.name === 'web';
      const decision = {
        time: PLAN.time,
        mode: 'observe' as const,
        kind: 'create',
        target: 'small',
        count: 2,
        why: 'x',
      };
      return {
        config,
        priceTrouble: isWeb ? 'prices are not told: no answer' : null,
        override: null,
        plan: isWeb ? PLAN : null,
        reactiveUsdPerHour: isWeb ? 0.6 : null,
        decisions: isWeb ? [decision, decision, decision] : [],
      };
    }),
  async override(pool, bytes) {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (body === null || typeof body !== 'object' || !('until' in body)) throw new WireError('until = absent');
    if ('why' in body && body.why === 'follower') throw new NotLeadingError(`write override.${pool}`, 'node-1_a');
    overrides.push([pool, body]);
    return { ok: true, pool, until: rfc3339(NOW_MS + MINUTE_MS), what: 'min 3' };
  },
};

beforeEach(async () => {
  storeAway = false;
  overrides.length = 0;
  const inner = await createSqliteStore({ path: ':memory:' });
  store = {
    write: (points) => inner.write(points),
    query: (query) => (storeAway ? Promise.reject(new StoreUnavailableError('the store is away')) : inner.query(query)),
    series: (measurement) => inner.series(measurement),
    health: () => inner.health(),
    close: () => inner.close(),
  };
  app = fastify();
  await apiRoutes({ config: CONFIG, store, bus, clock: new ManualClock(NOW_MS), actuator })(app);
});

afterEach(async () => {
  await app.close();
  await store.close();
});

async function get(url: string) {
  const { statusCode, body } = await app.inject({ method: 'GET', url });
  return { status: statusCode, body: JSON.parse(body) as Record<string, unknown> };
}

/** The last ten minutes, a value each, for `fields` of a measurement. */
function minutes(measurement: string, tags: Point['tags'], fieldsAt: (minute: number) => Point['fields']): Point[] {
  return Array.from({ length: 10 }, (_, i) => ({
    measurement,
    tags: { pool: 'web', ...tags },
    fields: fieldsAt(i),
    timeMs: NOW_MS - (9 - i) * MINUTE_MS,
  }));
}

describe('GET /api/v1/sources', () => {
  const source = {
    name: 'nats',
    state: 'ok',
    reason: null,
    newestMs: NOW_MS,
    lagMs: 200,
    samples: 5,
    refused: 1,
    flagged: 0,
  } as const;
  const sources = async () => sourcesDocumentSchema.parse((await get('/api/v1/sources')).body).sources;

  it('is what collectors said last, and nothing before one said anything', async () => {
    expect(await sources()).toBeNull();
    const say = (collector: string, state: 'ok' | 'stale') =>
      bus.publish(
        subjects.sources(collector),
        encodeSources({ id: collector, source: '/c', timeMs: NOW_MS }, collector, [{ ...source, state }]),
      );
    await say('a', 'ok');
    await say('a', 'stale');
    await say('b', 'ok');
    await bus.publish(subjects.sources('c'), new TextEncoder().encode('{"sources":7}'));
    await expect.poll(async () => (await sources())?.map(({ state }) => state)).toEqual(['stale', 'ok']);
    expect((await sources())?.[0]).toMatchObject({ name: 'nats', newestMs: NOW_MS, lagMs: 200, refused: 1 });
  });
});

describe('GET /api/v1/pools', () => {
  it('shows every pool with its bounds of now, and says what is not changed', async () => {
    const { status, body } = await get('/api/v1/pools');
    expect(status).toBe(200);
    const document = poolsSchema.parse(body);
    expect(document.notice).toBe('In pool web nothing is changed: mode observe only shows what would be done.');
    expect(document.pools[0]).toMatchObject({
      name: 'web',
      bounds: { min: 4, minFrom: 'policy noon', max: 9, maxFrom: 'pool' },
      ready: 3,
      desired: 5,
      usdPerHour: 0.4,
      reactiveUsdPerHour: 0.6,
      prices: { trouble: 'prices are not told: no answer' },
    });
    expect(document.pools[1]).toMatchObject({ name: 'batch', mode: 'enforce', ready: null, usdPerHour: null });
  });
});

describe('GET /api/v1/plan', () => {
  it('shows the plan and as many decisions as asked for', async () => {
    const { body } = await get('/api/v1/plan?pool=web&decisions=2');
    const document = planDocumentSchema.parse(body);
    expect(document.plan).toMatchObject({ generation: 7, desired: 5 });
    expect(document.decisions).toHaveLength(2);
  });

  it('shows null before the first plan', async () => {
    expect((await get('/api/v1/plan?pool=batch')).body).toMatchObject({ plan: null, decisions: [] });
  });
});

describe('GET /api/v1/forecast', () => {
  it('shows what stands on the bus as it stands, and leaves out what is no forecast', async () => {
    const data = {
      pool: 'web',
      signal: 'rps',
      issued: PLAN.time,
      valid_until: PLAN.time,
      step_seconds: 60,
      times: [PLAN.time],
      quantiles: { '0.5': [480] },
      max_quantiles: { '5': { '0.5': 500 } },
      model: 'combination',
      backend: 'wasm',
      weights: { ridge: 1 },
      accuracy: null,
    };
    await bus.ensureStream(streams.forecast);
    const origin = { id: '1', source: '/test', timeMs: NOW_MS };
    await bus.publishDurable(subjects.forecast('web', 'rps'), encodeEvent('forecast', origin, data));
    await bus.publishDurable(subjects.forecast('web', 'cpu'), encodeEvent('forecast', origin, { nonsense: true }));
    const document = forecastDocumentSchema.parse((await get('/api/v1/forecast?pool=web')).body);
    expect(document.forecasts.map((one) => [one.signal, one.quantiles['0.5']])).toEqual([['rps', [480]]]);
  });
});

describe('GET /api/v1/history', () => {
  const window = `from=${(NOW_MS - 10 * MINUTE_MS) / 1_000 + 60}&to=${NOW_MS / 1_000}`;

  it('puts samples, forecasts, plans and money on one grid', async () => {
    await store.write([
      ...minutes('kpi', { signal: 'rps', source: 'a' }, (i) => ({ value: i })),
      ...minutes('kpi', { signal: 'rps', source: 'b' }, (i) => ({ value: 100 + i })),
      ...minutes('forecast', { signal: 'rps', model: 'm', lead: '5m' }, (i) => ({
        issued: 0,
        q10: i,
        q50: i + 1,
        q90: i + 2,
        q95: 0,
        q99: i + 3,
        q999: 0,
      })),
      ...minutes('plan', {}, (i) => ({
        need: i,
        floor: 2,
        ceiling: 9,
        desired: i,
        ready: i,
        starting: 0,
        mode: 'observe',
      })),
      ...minutes('cost', { capacity: 'spot' }, () => ({ usd_per_hour: 1, saved_usd_per_hour: 0.5 })),
      ...minutes('cost', { capacity: 'on_demand' }, () => ({ usd_per_hour: 2, saved_usd_per_hour: 1 })),
    ]);
    const document = historySchema.parse((await get(`/api/v1/history?pool=web&signal=rps&${window}`)).body);
    expect(document.step_seconds).toBe(60);
    expect(document.times).toHaveLength(10);
    expect(document.times.at(-1)).toBe(NOW_MS / 1_000);
    expect(document.load).toEqual([100, 102, 104, 106, 108, 110, 112, 114, 116, 118]);
    expect(document.forecasts['5m'].q90).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(document.forecasts['60m'].q50).toEqual(new Array(10).fill(null));
    expect(document.ready).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(document.usd_per_hour).toEqual(new Array(10).fill(3));
    expect(document.reactive_usd_per_hour).toEqual(new Array(10).fill(4.5));
  });

  it('a counter is shown as its growth per second', async () => {
    const total = (minute: number) => 600 * (minute < 5 ? minute : minute - 4);
    await store.write(minutes('kpi', { signal: 'requests', source: 'a' }, (i) => ({ value: total(i) })));
    const document = historySchema.parse((await get(`/api/v1/history?pool=web&signal=requests&${window}`)).body);
    expect(document.load).toEqual([null, ...new Array(9).fill(10)]);
  });

  it('coarser: a cell has the mean load and the last of the rest', async () => {
    await store.write([
      ...minutes('kpi', { signal: 'rps', source: 'a' }, (i) => ({ value: i })),
      ...minutes('plan', {}, (i) => ({ ready: i })),
    ]);
    const document = historySchema.parse((await get(`/api/v1/history?pool=web&signal=rps&${window}&points=2`)).body);
    expect(document.step_seconds).toBe(270);
    const filled = document.load.flatMap((value, cell) => (value === null ? [] : [[value, document.ready[cell]]]));
    for (const [load, ready] of filled) expect(load).toBeLessThanOrEqual(ready ?? 0);
    expect(document.times.every((time) => time % 270 === 0)).toBe(true);
  });

  it('reads past one page of rows', async () => {
    const many = Array.from({ length: 10_005 }, (_, i) => ({
      measurement: 'kpi',
      tags: { pool: 'web', signal: 'rps', source: 'a' },
      fields: { value: 1 },
      timeMs: NOW_MS - i * 1_000,
    }));
    await store.write(many.slice(0, 5_000));
    await store.write(many.slice(5_000));
    const from = NOW_MS / 1_000 - 10_020;
    const url = `/api/v1/history?pool=web&signal=rps&from=${from}&to=${NOW_MS / 1_000}`;
    const document = historySchema.parse((await get(url)).body);
    expect(document.load.filter((value) => value === 1).length).toBeGreaterThanOrEqual(166);
  });

  it.each([
    ['pool=web', 400, 'signal'],
    ['pool=nope&signal=rps', 404, 'pool = nope: allowed: web, batch'],
    ['pool=web&signal=nope', 404, 'signal = nope: allowed: rps, cpu'],
    ['pool=web&signal=rps&points=1', 400, 'points = "1": allowed: a whole number from 2 to 2000'],
    ['pool=web&signal=rps&points=1e9', 400, 'points'],
    ['pool=web&signal=rps&from=noon', 400, 'from = "noon": allowed: epoch seconds or an RFC 3339 time'],
    ['pool=web&signal=rps&from=2000&to=1000', 400, 'allowed: a time before to'],
    ['pool=web&signal=rps&from=0', 400, 'allowed: at most 400 days before to'],
    ['pool=../etc&signal=rps', 400, 'pool = "../etc"'],
  ])('%s: %i', async (query, status, message) => {
    const answer = await get(`/api/v1/history?${query}`);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toContain(message);
  });

  it('503 while the store is away', async () => {
    storeAway = true;
    const answer = await get('/api/v1/history?pool=web&signal=rps');
    expect(answer).toEqual({ status: 503, body: { error: 'the store is away' } });
  });
});

describe('POST /api/v1/override', () => {
  const post = (url: string, payload: string | object) => app.inject({ method: 'POST', url, payload });

  describe('of an actuator that does not lead', () => {
    const body = { until: PLAN.time, by: 'ops', why: 'follower' };
    const answered = async (answer: (data: Uint8Array) => unknown) => {
      const leader = await bus.respond(subjects.override('web'), async ({ data }) => {
        return new TextEncoder().encode(JSON.stringify(answer(data)));
      });
      const { statusCode, json } = await post('/api/v1/override?pool=web', body).finally(() => leader.stop());
      return { status: statusCode, body: json() };
    };
    const here = { error: 'write override.web: not done, node-1_a leads and this process may not act' };

    it('is handed on to the one that leads, over the bus, and answered with what that one says', async () => {
      const done = { ok: true, pool: 'web', until: null, what: 'resumed' };
      const heard: unknown[] = [];
      const answer = await answered((data) => {
        heard.push(JSON.parse(new TextDecoder().decode(data)));
        return done;
      });
      expect(answer).toEqual({ status: 200, body: done });
      expect(heard).toEqual([body]);
    });

    it('503 with the words of the one that leads where that one fails', async () => {
      const answer = await answered(() => {
        throw new Error('the bucket is away');
      });
      expect(answer).toEqual({ status: 503, body: { error: 'the bucket is away' } });
    });

    it('503 that names the one that leads where nobody answers, or not in the way that was agreed', async () => {
      const silence = await post('/api/v1/override?pool=web', body);
      expect({ status: silence.statusCode, body: silence.json() }).toEqual({ status: 503, body: here });
      expect(await answered(() => ({ ok: 'perhaps' }))).toEqual({ status: 503, body: here });
    });
  });

  it('hands the body on as it would come over the bus', async () => {
    const body = { min: 3, until: PLAN.time, by: 'ops', why: 'test' };
    const answer = await post('/api/v1/override?pool=web', body);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ ok: true, pool: 'web', until: rfc3339(NOW_MS + MINUTE_MS), what: 'min 3' });
    expect(overrides).toEqual([['web', body]]);
  });

  it('refuses what is wrong, in one line', async () => {
    expect((await post('/api/v1/override?pool=web', {})).statusCode).toBe(400);
    expect((await post('/api/v1/override?pool=nope', { until: PLAN.time })).statusCode).toBe(404);
    expect((await post('/api/v1/override?pool=web', 'not json')).statusCode).toBe(415);
    expect(overrides).toEqual([]);
  });
});
