import { POOL_LABEL, type PoolConfig, parseConfig } from '@forescale/shared/config';
import type { Series } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { createSimulatedCluster, type SimulatedCluster, type SimulatedClusterOptions } from '../cluster/index.ts';
import { POLICY_NAMES, type PolicyName } from '../replay/index.ts';
import { runTrial } from './run-trial.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 2);
const PODS_PER_NODE = 4;
const offering = { instanceType: 'small', capacityType: 'on_demand' } as const;
const allocatable = { cpuMillicores: 4_000, memoryBytes: 8 * 2 ** 30, pods: 58, gpus: 0 };

function poolOf(overrides: object = {}): PoolConfig {
  const pool = {
    name: 'web',
    lead_time: '120s',
    capacity_per_node: PODS_PER_NODE,
    bounds: { min_nodes: 1, max_nodes: 20 },
    template: { labels: { role: 'web' }, allocatable: { cpu: '4', memory: '8Gi', pods: 58 } },
    offerings: ['a', 'b'].map((zone) => ({ instance_type: 'small', zone, usd_per_hour: zone === 'a' ? 0.1 : 0.2 })),
    signals: [{ name: 'load' }],
    scale_down: { unneeded: '5m', after_scale_up: '5m' },
    ...overrides,
  };
  return parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'test', {}).pools[0] as PoolConfig;
}

/** Two hours of history at 12 pods, then a hill of 40 for half an hour. */
const load: Series = {
  timesMs: Float64Array.from({ length: 240 }, (_, k) => START_MS + (k - 120) * MINUTE_MS),
  values: Float64Array.from({ length: 240 }, (_, k) => (k >= 130 && k < 160 ? 40 : 12)),
};

function clusterOf(options: Partial<SimulatedClusterOptions> = {}): SimulatedCluster {
  return createSimulatedCluster({
    seed: 3,
    startMs: START_MS,
    offerings: ['a', 'b'].map((zone) => ({
      ...offering,
      zone,
      allocatable,
      usdPerHour: zone === 'a' ? 0.1 : 0.2,
      boot: { kind: 'fixed', ms: 115_000 },
    })),
    initialNodes: [
      {
        offering: { ...offering, zone: 'a' },
        count: 4,
        namePrefix: 'web-initial',
        labels: { role: 'web', [POOL_LABEL]: 'web' },
        pool: 'web',
        tagged: true,
      },
    ],
    workload: {
      series: load,
      valuePerPod: 1,
      requests: { cpuMillicores: 1_000, memoryBytes: 2 ** 30 },
      nodeSelector: { role: 'web' },
      maxUnavailable: 2,
    },
    ...options,
  });
}

const trial = (policy: Exclude<PolicyName, 'oracle'>, cluster: SimulatedCluster, pool = poolOf()) =>
  runTrial({ cluster, pool, policy, load, forecaster: null });

const POLICIES = POLICY_NAMES.flatMap((name) => (name === 'oracle' ? [] : [name]));

describe('trial: a policy through a whole cluster', () => {
  it.each(POLICIES)(
    '%s: every pod finds a place in the end, and no machine is left without its node',
    async (policy) => {
      const cluster = clusterOf();
      const result = await trial(policy, cluster);
      expect(result.minutes).toBe(119);
      const { pods, nodes } = cluster.summary();
      expect(pods).toMatchObject({ running: 12, pending: 0 });
      const alive = cluster.cloud.list().filter(({ state }) => state === 'running' || state === 'starting');
      expect(alive).toHaveLength(nodes.total);
    },
  );

  it('reactive: pods wait for the boot and no longer, and the hill is paid for', async () => {
    const cluster = clusterOf();
    const result = await trial('reactive', cluster);
    // One of four nodes leaves after 5 min. 40 pods are 10 nodes: 7 are ordered at minute 10 and Ready at 12.
    expect(result.nodesCreated).toBe(7);
    expect(result.pendingPodMinutes).toBe(28 * 2);
    // Of 40 pods 28 are missing for 120 s and the seconds that they start in; of all demand that is 2.5 %.
    expect(result.unmetDemandShare).toBeGreaterThan((28 * 2) / (40 * 30 + 12 * 89));
    expect(result.unmetDemandShare).toBeLessThan((28 * 2.2) / (40 * 30 + 12 * 89));
    // 3 or 4 nodes for two hours, and 7 more for the hill and 5 to 15 minutes.
    expect(result.machineHours).toBeGreaterThan(3 * 2 + 7 * 0.5);
    expect(result.machineHours).toBeLessThan(4 * 2 + 7 * 0.85);
  });

  it('forescale counts the pending pods: what no zone delivers is ordered in the other', async () => {
    const cluster = clusterOf();
    for (const { id, zone } of cluster.cloud.offerings()) if (zone === 'a') cluster.cloud.setCapacity(id, 4);
    await trial('forescale', cluster);
    const created = cluster.cloud.list().map(({ offering: { zone } }) => zone);
    expect(cluster.summary().machines.refused).toBeGreaterThan(0);
    expect(created.length).toBeGreaterThan(0);
    expect(cluster.summary().pods).toMatchObject({ running: 12, pending: 0 });
  });

  it('keeps to the max, and then pods wait', async () => {
    const cluster = clusterOf();
    const pool = poolOf({ bounds: { min_nodes: 1, max_nodes: 6 } });
    const result = await trial('reactive', cluster, pool);
    expect(result.nodesCreated).toBe(3);
    expect(result.pendingPodMinutes).toBeGreaterThan(16 * 28);
  });

  it('the same seed gives the same trial', async () => {
    const [a, b] = [await trial('forescale', clusterOf()), await trial('forescale', clusterOf())];
    expect(b).toEqual(a);
  });
});
