import { seededRandom } from '@forescale/shared/time';
import { describe, expect, it } from 'vitest';
import { Timeline } from '../timeline/index.ts';
import { CloudError } from './errors.ts';
import type { CreateRequest, Machine } from './machine.ts';
import type { OfferingSpec } from './offering.ts';
import { type CloudOptions, SimulatedCloud } from './simulated-cloud.ts';

const HOUR_MS = 3_600_000;

const ON_DEMAND = {
  region: 'local',
  zone: 'a',
  instanceType: 'small',
  capacityType: 'on_demand',
  usdPerHour: 0.1,
  allocatable: { cpuMillicores: 4000, memoryBytes: 2 ** 33, pods: 110, gpus: 0 },
  boot: { kind: 'fixed', ms: 30_000 },
} as const satisfies OfferingSpec;

const SPOT = { ...ON_DEMAND, capacityType: 'spot', usdPerHour: 0.04, reclaimsPerHour: 0 } as const;

/** A cloud with a log of what it told the cluster. */
function world(options: CloudOptions = {}, offerings: readonly OfferingSpec[] = [ON_DEMAND, SPOT], seed = 1) {
  const timeline = new Timeline(0);
  const log: string[] = [];
  const cloud = new SimulatedCloud(offerings, options, timeline, seededRandom(seed), {
    onBooted: (machine) => log.push(`booted ${machine.nodeName} @${timeline.nowMs()}`),
    onGone: (machine) => log.push(`gone ${machine.nodeName} @${timeline.nowMs()}`),
  });
  const to = (timeMs: number) =>
    timeline.advanceTo(
      timeMs,
      () => {},
      () => {},
    );
  return { cloud, log, to };
}

function request(name: string, change: Partial<CreateRequest> = {}): CreateRequest {
  return {
    token: name,
    requestId: name,
    clusterTag: 'cluster-1',
    pool: 'web',
    nodeName: name,
    offering: ON_DEMAND,
    labels: {},
    taints: [],
    ...change,
  };
}

function errorClassOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CloudError) return error.errorClass;
    throw error;
  }
  return 'none';
}

describe('cloud: machines', () => {
  it('boots a machine after its boot time, and ends it at once', () => {
    const { cloud, log, to } = world();
    const { id } = cloud.create(request('a'));
    expect(cloud.get(id)?.state).toBe('starting');
    to(30_000);
    expect(cloud.get(id)?.state).toBe('running');
    to(40_000);
    cloud.terminate(id);
    expect(log).toEqual(['booted a @30000', 'gone a @40000']);
    expect(cloud.list()).toEqual([]);
    expect(cloud.get(id)?.state).toBe('terminated');
  });

  it('never boots a machine that was ended before', () => {
    const { cloud, log, to } = world();
    cloud.terminate(cloud.create(request('a')).id);
    to(HOUR_MS);
    expect(log).toEqual(['gone a @0']);
  });

  it('shows a machine as terminating while that takes time, without billing it', () => {
    const { cloud, to } = world({ terminationMs: 20_000 });
    const { id } = cloud.create(request('a'));
    to(HOUR_MS);
    cloud.terminate(id);
    to(HOUR_MS + 19_999);
    expect(cloud.list().map(({ state }) => state)).toEqual(['terminating']);
    to(HOUR_MS + 20_000);
    expect(cloud.list()).toEqual([]);
    expect(cloud.cost()).toMatchObject({ machineHours: 1, usdPerHour: 0 });
  });

  it('forgets a machine an hour after its end', () => {
    const { cloud, to } = world();
    const { id } = cloud.create(request('a'));
    cloud.terminate(id);
    to(HOUR_MS - 1);
    expect(cloud.terminate(id)?.state).toBe('terminated');
    to(HOUR_MS);
    expect(cloud.terminate(id)).toBeUndefined();
  });

  it('draws boot times whose median and 95th percentile are those asked for', () => {
    const boot = { kind: 'lognormal', p50Ms: 60_000, p95Ms: 120_000 } as const;
    const { cloud, to } = world({}, [{ ...ON_DEMAND, boot }]);
    for (let i = 0; i < 2_000; i++) cloud.create(request(`m-${i}`));
    to(HOUR_MS);
    const boots = cloud
      .list()
      .map(({ bootedMs }) => bootedMs ?? Number.POSITIVE_INFINITY)
      .sort((a, b) => a - b);
    expect(boots[1_000]).toBeGreaterThan(57_000);
    expect(boots[1_000]).toBeLessThan(63_000);
    expect(boots[1_900]).toBeGreaterThan(112_000);
    expect(boots[1_900]).toBeLessThan(128_000);
  });
});

describe('cloud: requests', () => {
  it('makes one machine per token, however often it is sent', () => {
    const { cloud } = world();
    const first = cloud.create(request('a'));
    expect(cloud.create(request('a'))).toEqual(first);
    expect(errorClassOf(() => cloud.create(request('a', { nodeName: 'b' })))).toBe('config');
    expect(cloud.counts().created).toBe(1);
  });

  it('finds machines by request and by cluster, once they are shown', () => {
    const { cloud, to } = world({ visibilityDelayMs: 5_000 });
    cloud.create(request('a'));
    cloud.create(request('b', { clusterTag: 'cluster-2' }));
    expect(cloud.list({ clusterTag: 'cluster-1' })).toEqual([]);
    to(5_000);
    const names = (machines: readonly Machine[]) => machines.map(({ nodeName }) => nodeName);
    expect(names(cloud.list({ clusterTag: 'cluster-1' }))).toEqual(['a']);
    expect(names(cloud.list({ requestId: 'b' }))).toEqual(['b']);
    expect(names(cloud.list())).toEqual(['a', 'b']);
  });

  it('refuses what it cannot give, by class', () => {
    const { cloud } = world({ machinesMax: 3, uniqueNodeNames: true }, [{ ...ON_DEMAND, capacity: 2 }, SPOT]);
    const { id } = cloud.create(request('a'));
    expect(errorClassOf(() => cloud.create(request('a2', { nodeName: 'a' })))).toBe('conflict');
    cloud.create(request('b'));
    expect(errorClassOf(() => cloud.create(request('c')))).toBe('capacity');
    cloud.create(request('d', { offering: SPOT }));
    expect(errorClassOf(() => cloud.create(request('e', { offering: SPOT })))).toBe('quota');
    expect(errorClassOf(() => cloud.create(request('f', { offering: { ...SPOT, zone: 'z' } })))).toBe('config');
    cloud.terminate(id);
    expect(errorClassOf(() => cloud.create(request('g')))).toBe('none');
    expect(cloud.counts()).toEqual({ created: 4, reclaimed: 0, refused: 3 });
  });

  it('fails as planned: without a machine, or with one that nobody was told of', () => {
    const { cloud, to, log } = world();
    cloud.failNext({ fate: 'throttled', times: 2 });
    expect(errorClassOf(() => cloud.create(request('a')))).toBe('throttled');
    expect(errorClassOf(() => cloud.create(request('a')))).toBe('throttled');
    cloud.failNext({ fate: 'lost' });
    expect(errorClassOf(() => cloud.create(request('a')))).toBe('transient');
    expect(cloud.list({ requestId: 'a' })).toHaveLength(1);
    expect(cloud.create(request('a')).requestId).toBe('a');
    cloud.failNext({ fate: 'never-registers' });
    cloud.create(request('b'));
    to(HOUR_MS);
    expect(log).toEqual(['booted a @30000']);
  });

  it('fails as planned for one offering only', () => {
    const { cloud } = world();
    cloud.failNext({ fate: 'capacity', offering: ({ capacityType }) => capacityType === 'spot' });
    expect(errorClassOf(() => cloud.create(request('a')))).toBe('none');
    expect(errorClassOf(() => cloud.create(request('b', { offering: SPOT })))).toBe('capacity');
    expect(errorClassOf(() => cloud.create(request('b', { offering: SPOT })))).toBe('none');
  });

  it('fails by chance in the shares asked for, the same ones for the same seed', () => {
    const fates = (seed: number) => {
      const faults = { capacity: 0.1, throttled: 0.1, transient: 0.1, lost: 0.1 };
      const { cloud } = world({ faults }, undefined, seed);
      return Array.from({ length: 1_000 }, (_, i) => errorClassOf(() => cloud.create(request(`m-${i}`))));
    };
    const drawn = fates(3);
    for (const [fate, share] of [
      ['capacity', 0.1],
      ['throttled', 0.1],
      ['transient', 0.2],
    ] as const) {
      const count = drawn.filter((other) => other === fate).length;
      expect(Math.abs(count / 1_000 - share)).toBeLessThan(0.04);
    }
    expect(fates(3)).toEqual(drawn);
    expect(fates(4)).not.toEqual(drawn);
  });
});

describe('cloud: spot', () => {
  it('is taken back two minutes after the notice', () => {
    const { cloud, log, to } = world();
    const { id } = cloud.create(request('a', { offering: SPOT }));
    to(60_000);
    cloud.reclaim(id);
    expect(cloud.interruptions('cluster-1').map(({ kind, atMs }) => [kind, atMs])).toEqual([['reclaim', 180_000]]);
    expect(cloud.interruptions('cluster-2')).toEqual([]);
    to(180_000);
    expect(log.at(-1)).toBe('gone a @180000');
    expect(cloud.interruptions('cluster-1')).toEqual([]);
    expect(cloud.counts().reclaimed).toBe(1);
    expect(cloud.get(id)?.endedBy).toBe('reclaim');
  });

  it('may be at risk only, until more than that is known', () => {
    const { cloud, to } = world();
    const { id } = cloud.create(request('a', { offering: SPOT }));
    const said = () => cloud.interruptions('cluster-1').map(({ kind, atMs }) => [kind, atMs]);
    to(60_000);
    cloud.recommendRebalance(id);
    to(90_000);
    cloud.recommendRebalance(id);
    expect(said()).toEqual([['rebalance', 60_000]]);
    cloud.reclaim(id);
    expect(said()).toEqual([['reclaim', 210_000]]);
    to(210_000);
    expect(said()).toEqual([]);
    cloud.recommendRebalance(id);
    expect(said()).toEqual([]);
  });

  it('is reclaimed at the rate asked for', () => {
    const { cloud, to } = world({}, [{ ...SPOT, reclaimsPerHour: 0.5 }]);
    for (let i = 0; i < 1_000; i++) cloud.create(request(`m-${i}`, { offering: SPOT }));
    to(HOUR_MS + 120_000);
    // 1 - exp(-0.5) = 0.393
    expect(cloud.counts().reclaimed / 1_000).toBeGreaterThan(0.35);
    expect(cloud.counts().reclaimed / 1_000).toBeLessThan(0.44);
  });

  it('is not counted as reclaimed when it was ended before', () => {
    const { cloud, to } = world();
    const { id } = cloud.create(request('a', { offering: SPOT }));
    cloud.reclaim(id);
    cloud.terminate(id);
    to(HOUR_MS / 2);
    expect(cloud.counts().reclaimed).toBe(0);
  });
});

describe('cloud: cost', () => {
  it('is hours from request to end times the price', () => {
    const { cloud, to } = world();
    const { id } = cloud.create(request('a'));
    cloud.create(request('b', { offering: SPOT }));
    to(HOUR_MS);
    cloud.terminate(id);
    to(3 * HOUR_MS);
    const cost = cloud.cost();
    expect(cost.machineHours).toBeCloseTo(4, 9);
    expect(cost.usd).toBeCloseTo(0.1 + 3 * 0.04, 9);
    expect(cost.usdPerHour).toBeCloseTo(0.04, 9);
    expect(cost.byCapacityType.on_demand).toEqual({ usd: 0.1, machineHours: 1, usdPerHour: 0 });
  });
});
