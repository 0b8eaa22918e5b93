import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { ManualClock } from '@forescale/shared/time';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeState } from '../execute/fakes/fake-state.ts';
import { Capacities } from './capacities.ts';

const NOON = Date.UTC(2026, 2, 3, 12);
const MINUTE_MS = 60_000;
const ROOM = { cpuMillicores: 4_000, memoryBytes: 16 * 2 ** 30, pods: 110, gpus: 0 };

const poolOf = (body: string): PoolConfig =>
  parseConfig(`autoscaler: {pools: [{name: web, ${body}}]}`, 'f', {}).pools[0] as PoolConfig;
const POOL = poolOf('signals: [{name: rps}, {name: declared, capacity_per_node: 5}]');

const open: Store[] = [];
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
});

/** A day of two replicas that serve a swinging load together, 20 rps with every 500 mCPU. */
async function storeWithADay(swing: number): Promise<Store> {
  const store = await createSqliteStore({ path: ':memory:', clock: new ManualClock(NOON) });
  open.push(store);
  for (let minute = 1; minute <= 1_440; minute += 5) {
    const timeMs = NOON - 1_440 * MINUTE_MS + minute * MINUTE_MS;
    const load = 600 + swing * Math.sin((2 * Math.PI * minute) / 1_440);
    const pods = load / 20;
    const values = [
      ['rps', 'a', load / 2],
      ['rps', 'b', load / 2],
      ['requested-cpu', 'kubernetes', pods * 500],
      ['requested-memory', 'kubernetes', pods * 2 ** 30],
      ['requested-pods', 'kubernetes', pods],
    ] as const;
    const points = values.map(([signal, source, value]) => ({
      measurement: 'kpi',
      tags: { pool: 'web', signal, source },
      fields: { value },
      timeMs,
    }));
    await store.write(points);
  }
  return store;
}

async function learned(pool: PoolConfig, store: Store, state = new FakeState(), nowMs = NOON) {
  const capacities = new Capacities(pool, store, state);
  await capacities.load();
  const known = capacities.all;
  await capacities.learn(ROOM, nowMs);
  return { known, all: capacities.all, state };
}

describe('capacities from the store', () => {
  it('are learned for signals that declare none, their sources combined', async () => {
    const { known, all } = await learned(POOL, await storeWithADay(400));
    expect(known).toEqual([]);
    expect(all).toEqual([
      { signal: 'rps', perNode: expect.closeTo(160, 1), why: '144 samples of ten minutes, R² 1.00 over requested-cpu' },
    ]);
  });

  it('are known again after a restart, and stay while the load is constant', async () => {
    const { state } = await learned(POOL, await storeWithADay(400));
    const later = await learned(POOL, await storeWithADay(0), state, NOON + 3 * 3_600_000);
    expect(later.known).toMatchObject([{ signal: 'rps', perNode: expect.closeTo(160, 1) }]);
    expect(later.all).toEqual([
      {
        signal: 'rps',
        perNode: expect.closeTo(160, 1),
        why: '144 samples of ten minutes, R² 1.00 over requested-cpu, 3 h ago; since then the signal never changed',
      },
    ]);
  });

  it('hold for the template that they were learned for only', async () => {
    const { state } = await learned(POOL, await storeWithADay(400));
    const larger = poolOf('signals: [{name: rps}], template: {allocatable: {cpu: 8, memory: 32Gi}}');
    expect((await learned(larger, await storeWithADay(0), state)).known).toEqual([]);
  });

  it('are not learned where the pool says so, nor where nothing was measured', async () => {
    const store = await storeWithADay(400);
    expect((await learned(poolOf('signals: [{name: rps}], capacity: declared'), store)).all).toEqual([]);
    expect((await learned(poolOf('signals: [{name: other}]'), store)).all).toEqual([
      { signal: 'other', perNode: null, why: '0 samples of ten minutes, fewer than 24' },
    ]);
  });
});
