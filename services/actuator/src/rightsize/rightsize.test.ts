import { createSqliteStore, type Point, type Store } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poolOf } from '../plan/plan-state.test-data.ts';
import { loadMixSolver } from '../solver/index.ts';
import { observe } from './observed.ts';
import { rightsize } from './rightsize.ts';

const MINUTE_MS = 60_000;
const NOW_MS = Date.UTC(2026, 2, 3);
const FROM_MS = NOW_MS - 100 * 5 * MINUTE_MS;
const MIB = 2 ** 20;

/** CPU-bound: 100 moments at 1 to 100 cores, an eighth of the memory that general machines bring with them. */
const POOL = poolOf({
  signals: [
    { name: 'requested-cpu', interval: '5m' },
    { name: 'requested-memory', interval: '5m' },
  ],
  template: { allocatable: { cpu: '4', memory: '16Gi' } },
  bounds: { min_nodes: 3, max_nodes: 5 },
  offerings: [
    { instance_type: 'general', usd_per_hour: 0.2 },
    { instance_type: 'compute', usd_per_hour: 0.17, allocatable: { cpu: '4', memory: '8Gi', pods: 110 } },
  ],
});

let store: Store;
beforeAll(async () => {
  store = await createSqliteStore({ path: ':memory:', clock: new ManualClock(NOW_MS) });
  const points: Point[] = [];
  for (let i = 1; i <= 100; i++) {
    const timeMs = FROM_MS + i * 5 * MINUTE_MS;
    const kpi = (signal: string, value: number) =>
      points.push({
        measurement: 'kpi',
        tags: { pool: 'web', signal, source: 'kubernetes' },
        fields: { value },
        timeMs,
      });
    kpi('requested-cpu', i * 1_000);
    kpi('requested-memory', i * 512 * MIB);
    for (const [capacity, usd] of [
      ['on_demand', 5],
      ['spot', 1],
    ] as const)
      points.push({ measurement: 'cost', tags: { pool: 'web', capacity }, fields: { usd_per_hour: usd }, timeMs });
    const used = { used_cpu: 2 * i, used_memory: (i === 100 ? 900 : i) * MIB };
    points.push({
      measurement: 'workload',
      tags: { pool: 'web', namespace: 'shop', workload: 'api' },
      fields: { pods: 50, requested_cpu: 1_000, requested_memory: 512 * MIB, ...used },
      timeMs,
    });
  }
  // Pods that wait and use nothing: newer than what is measured, and of a workload that nothing is measured of.
  for (const workload of ['api', 'waits']) {
    const tags = { pool: 'web', namespace: 'shop', workload };
    points.push({ measurement: 'workload', tags, fields: { pending: 3 }, timeMs: NOW_MS - 1 });
  }
  await store.write(points);
});
afterAll(() => store.close());

describe('rightsize', () => {
  it('reads percentiles of load and use, and the mean cost, of the days asked for', async () => {
    const seen = await observe(store, POOL, FROM_MS, NOW_MS);
    expect(seen.loads).toEqual([
      { signal: 'requested-cpu', samples: 100, p95: 95_000, p99: 99_000 },
      { signal: 'requested-memory', samples: 100, p95: 95 * 512 * MIB, p99: 99 * 512 * MIB },
    ]);
    expect(seen.workloads).toMatchObject([
      { workload: 'api', pods: 50, usedCpuP95: 190, usedMemoryP95: 95 * MIB, usedMemoryMax: 900 * MIB },
    ]);
    expect(seen.usdPerHour).toBeCloseTo(6, 9);
    expect((await observe(store, POOL, NOW_MS - 50 * MINUTE_MS, NOW_MS)).loads[0]?.samples).toBe(10);
  });

  it('reads the newest where there is more than it reads, and says so', async () => {
    const seen = await observe(store, POOL, FROM_MS, NOW_MS, 50);
    expect(seen.loads[0]).toEqual({ signal: 'requested-cpu', samples: 50, p95: 98_000, p99: 100_000 });
    expect(seen.cut).toEqual(['kpi of requested-cpu', 'kpi of requested-memory', 'workload of api', 'cost']);
    expect((await observe(store, POOL, FROM_MS, NOW_MS)).cut).toEqual([]);
  });

  it('names the signals that it does not count, also where others ask for machines', () => {
    const pool = poolOf({ signals: [{ name: 'requested-cpu' }, { name: 'queue' }] });
    const loads = ['requested-cpu', 'queue'].map((signal) => ({ signal, samples: 9, p95: 5_000, p99: 6_000 }));
    const [mix] = rightsize(pool, loads, [], 0, null).mixes;
    expect(mix?.machines).toMatchObject([{ count: 2 }]);
    expect(mix?.uncounted).toEqual([expect.stringMatching(/^queue: no capacity_per_node/)]);
    const learned = [{ signal: 'queue', perNode: 1_000, why: 'learned' }];
    expect(rightsize(pool, loads, [], 0, null, learned).mixes[0]).toMatchObject({
      machines: [{ count: 5 }],
      uncounted: [],
    });
  });

  it('names the cheapest machines for p95 and p99 with the margin, whatever the bounds of today', async () => {
    const { loads, workloads } = await observe(store, POOL, FROM_MS, NOW_MS);
    const { mixes } = rightsize(POOL, loads, workloads, 0.2, await loadMixSolver());
    // 95 and 99 cores and a fifth on top: 114 and 118.8 of 4 cores each; memory for half as many.
    expect(mixes.filter((mix) => !mix.withRequests)).toMatchObject([
      { level: 'p95', machines: [{ offering: 'compute/local/local/on_demand', count: 29 }], why: null },
      { level: 'p99', machines: [{ offering: 'compute/local/local/on_demand', count: 30 }], why: null },
    ]);
    expect(mixes[0]?.usdPerHour).toBeCloseTo(29 * 0.17, 9);
  });

  it('asks for p95 of the use and the margin, of memory for the most that was used, and what that saves', async () => {
    const { loads, workloads } = await observe(store, POOL, FROM_MS, NOW_MS);
    const { requests, mixes } = rightsize(POOL, loads, workloads, 0.2, null);
    // 190 m and a fifth: 228, in steps of 5.
    expect(requests).toMatchObject([{ cpuNow: 1_000, cpuThen: 230, memoryNow: 512 * MIB, memoryThen: 900 * MIB }]);
    const [before, after] = [mixes.find((mix) => !mix.withRequests), mixes.find((mix) => mix.withRequests)];
    expect(after?.usdPerHour).toBeLessThan(before?.usdPerHour ?? 0);
  });

  it('says why it names no machines', () => {
    const unknown = poolOf({ signals: [{ name: 'queue' }] });
    const { mixes, requests } = rightsize(unknown, [{ signal: 'queue', samples: 9, p95: 5, p99: 6 }], [], 0.1, null);
    expect(mixes).toMatchObject([
      { level: 'p95', machines: [], why: expect.stringContaining('queue') },
      { level: 'p99' },
    ]);
    expect(requests).toEqual([]);
    expect(rightsize(POOL, [], [], 0.1, null).mixes[0]?.why).toBe('nothing was asked for');
  });
});
