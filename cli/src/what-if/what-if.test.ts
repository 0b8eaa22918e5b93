import { createTrainer } from '@forescale/predictor/training';
import { parseConfig } from '@forescale/shared/config';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import type { ReplaySummary } from '@forescale/simulator/replay';
import fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KNOBS, valuesOf } from './knobs.ts';
import { type ReplayJob, replayJob } from './replay-job.ts';
import { whatIfRoutes } from './routes.ts';
import { type Comparison, WhatIf, WhatIfError } from './what-if.ts';

const MINUTE_MS = 60_000;
const NOW_MS = Date.UTC(2026, 2, 10, 12);
const DAYS = 3;

const config = parseConfig(
  `autoscaler:
  kubernetes: { enabled: false }
  pools:
    - name: web
      capacity_per_node: 100
      lead_time: 4m
      bounds: { min_nodes: 1, max_nodes: 12 }
      policies: { day: { time_range: "08:00-18:00", min_nodes: 2 } }
      offerings: [{ instance_type: small, zone: a, usd_per_hour: 0.1 }]
      signals: [{ name: load, interval: 60s }, { name: unknown, interval: 60s, capacity_per_node: 1 }]
`,
  'test',
  {},
);
const [pool] = config.pools;
if (pool === undefined) throw new Error('the configuration has a pool');
const signal = pool.signals[0] ?? null;
if (signal === null) throw new Error('the pool has a signal');

let store: Store;
beforeAll(async () => {
  store = await createSqliteStore({ path: ':memory:', clock: new ManualClock(NOW_MS) });
  const minutes = Array.from({ length: DAYS * 1_440 }, (_, i) => NOW_MS - (DAYS * 1_440 - i) * MINUTE_MS);
  const points = minutes.map((timeMs) => ({
    measurement: 'kpi',
    tags: { pool: 'web', signal: 'load', source: 'a' },
    fields: { value: 400 + 300 * Math.sin((2 * Math.PI * timeMs) / 86_400_000) + 60 * Math.sin(timeMs / 500_000) },
    timeMs,
  }));
  await store.write(points);
});
afterAll(() => store.close());

/** In this thread: what it comes to is the same. */
const here = { run: (job: ReplayJob): Promise<ReplaySummary> => replayJob(job) };
const knob = (name: string) => {
  const found = KNOBS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no knob ${name}`);
  return found;
};

describe('what if', () => {
  it('more nodes at least cost more and miss no more; the setting as it is changes nothing', async () => {
    const whatIf = new WhatIf({ store, trainer: here });
    const more = await whatIf.compare(pool, signal, knob('min_nodes'), 8, NOW_MS);
    expect(more.hours).toBeCloseTo(24, 0);
    expect(more.changed.usd).toBeGreaterThan(more.as_is.usd + 1);
    expect(more.changed.shortage_minutes).toBeLessThanOrEqual(more.as_is.shortage_minutes);
    // Eight nodes at 0.1 USD, whatever the load is.
    expect(more.changed.usd).toBeCloseTo(8 * 0.1 * more.hours, 0);
    const same = await whatIf.compare(pool, signal, knob('min_nodes'), 2, NOW_MS);
    expect(same.changed).toEqual(same.as_is);
  });

  it('a shortage that costs little is risked: cheaper, and short for longer', async () => {
    const whatIf = new WhatIf({ store, trainer: here });
    const { as_is, changed } = await whatIf.compare(pool, signal, knob('shortage_cost_ratio'), 1, NOW_MS);
    expect(changed.usd).toBeLessThan(as_is.usd);
    expect(changed.unmet_demand_share).toBeGreaterThan(as_is.unmet_demand_share);
  });

  it('replays once for each setting and hour, and one at a time', async () => {
    let running = 0;
    let most = 0;
    let replays = 0;
    const counted = {
      async run(job: ReplayJob) {
        most = Math.max(most, ++running);
        replays++;
        const summary = await replayJob(job);
        running--;
        return summary;
      },
    };
    const whatIf = new WhatIf({ store, trainer: counted });
    const ask = (value: number) => whatIf.compare(pool, signal, knob('min_nodes'), value, NOW_MS + 5 * MINUTE_MS);
    await Promise.all([ask(3), ask(4), ask(3)]);
    await ask(4);
    expect([replays, most]).toEqual([3, 1]);
  });

  it('says what is missing: a capacity, or a history', async () => {
    const whatIf = new WhatIf({ store, trainer: here });
    const unknown = { ...signal, capacityPerNode: null };
    await expect(whatIf.compare(pool, unknown, knob('min_nodes'), 3, NOW_MS)).rejects.toThrow(WhatIfError);
    const silent = { ...signal, name: 'unknown' };
    await expect(whatIf.compare(pool, silent, knob('min_nodes'), 3, NOW_MS)).rejects.toThrow('not enough history');
  });

  it('runs in a worker thread as it does here', async () => {
    const workerUrl = new URL('./replay-worker.ts', import.meta.url);
    const trainer = createTrainer<ReplayJob, ReplaySummary>({
      ...{ workerUrl, timeoutMs: 60_000, heapMibMax: 512, workersMax: 1 },
    });
    const ask = (one: WhatIf) => one.compare(pool, signal, knob('scale_down.unneeded'), 60, NOW_MS);
    const threaded: Comparison = await ask(new WhatIf({ store, trainer }));
    expect(threaded).toEqual(await ask(new WhatIf({ store, trainer: here })));
  }, 60_000);

  it('offers what is allowed, and what is configured among it', () => {
    expect(valuesOf(knob('min_nodes'), pool, NOW_MS)).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 10, 12]);
    const odd = { ...pool, shortageCostRatio: 33 };
    expect(valuesOf(knob('shortage_cost_ratio'), odd, NOW_MS)).toContain(33);
  });

  it('a minimum holds at all times, also where a policy says another', () => {
    const turned = knob('min_nodes').turned(pool, 5);
    expect([turned.bounds.minNodes, turned.policies.map(({ minNodes }) => minNodes)]).toEqual([5, [5]]);
  });
});

describe('GET /api/v1/what-if', () => {
  let app: FastifyInstance;
  beforeAll(() => {
    app = fastify();
    const actuator = { pools: () => [] };
    whatIfRoutes({ config, store, clock: new ManualClock(NOW_MS), actuator })(app);
  });
  afterAll(() => app.close());
  const get = async (query: string) => {
    const { statusCode, body } = await app.inject(`/api/v1/what-if?${query}`);
    return { statusCode, body: JSON.parse(body) };
  };

  it('tells what can be tried, without replaying anything', async () => {
    const { statusCode, body } = await get('pool=web&signal=load');
    expect(statusCode).toBe(200);
    expect(body.comparison).toBeNull();
    expect(body.knobs.map(({ name, current }: { name: string; current: number }) => [name, current])).toEqual([
      ['shortage_cost_ratio', pool.shortageCostRatio],
      ['scale_down.unneeded', pool.scaleDown.unneededMs / MINUTE_MS],
      ['min_nodes', 2],
    ]);
  });

  it('answers what the last day would have come to', async () => {
    const { statusCode, body } = await get('pool=web&signal=load&knob=min_nodes&value=10');
    expect(statusCode).toBe(200);
    expect(body.comparison.changed.usd).toBeGreaterThan(body.comparison.as_is.usd);
  }, 60_000);

  it.each([
    ['pool=web', 400, 'signal = absent'],
    ['pool=other&signal=load', 404, 'pool = other: allowed: web'],
    ['pool=web&signal=other', 404, 'signal = other: allowed: load, unknown'],
    ['pool=web&signal=load&knob=all', 400, 'knob = all: allowed: shortage_cost_ratio'],
    ['pool=web&signal=load&knob=min_nodes', 400, 'value = NaN: allowed: 0, 1'],
    ['pool=web&signal=load&knob=min_nodes&value=7', 400, 'value = 7: allowed: 0, 1'],
    ['pool=web&signal=load&knob=min_nodes&value=x', 400, 'value = "x": allowed: a number'],
    ['pool=web&signal=unknown&knob=min_nodes&value=3', 503, 'not enough history'],
  ])('%s is refused with %d', async (query, statusCode, message) => {
    const answer = await get(query);
    expect([answer.statusCode, answer.body.error]).toEqual([statusCode, expect.stringContaining(message)]);
  });
});
