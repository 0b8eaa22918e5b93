import { POOL_LABEL, type PoolConfig } from '@forescale/shared/config';
import { createSimulatedCluster, type SimulatedCluster } from '@forescale/simulator/cluster';
import type { Scenario } from './scenario.ts';

/** From a machine having booted to its node being Ready; part of the pool's lead time. */
const NODE_READY_MS = 5_000;
/** Three pods of the workload fill a node. */
const PODS_PER_NODE = 3;
const ADMIN = { name: 'forescale', groups: ['system:masters', 'system:authenticated'] };

/**
 * The cluster of the demo: a workload whose pods follow the load, on machines as the pool's offerings describe them.
 * Whoever has the token may do everything in it and in its cloud; with none, everybody may.
 */
export function createWorld(
  scenario: Pick<Scenario, 'startMs' | 'live' | 'capacityPerNode'>,
  pool: PoolConfig,
  initialNodes: number,
  seed: number,
  token: string | null = null,
): SimulatedCluster {
  const { allocatable, labels, taints } = pool.template;
  const daemonCpu = 120;
  const [firstOffering] = pool.offerings;
  if (!firstOffering) throw new Error('the demo needs an offering');
  return createSimulatedCluster({
    ...(token === null ? {} : { users: new Map([[token, ADMIN]]), cloudToken: token }),
    seed,
    startMs: scenario.startMs,
    offerings: pool.offerings.map(({ allocatable: own, ...offering }) => ({
      ...offering,
      allocatable: own ?? allocatable,
      boot: { kind: 'fixed', ms: pool.leadTimeMs - NODE_READY_MS },
    })),
    initialNodes: [
      {
        offering: firstOffering,
        count: initialNodes,
        namePrefix: `${pool.name}-initial`,
        labels: { ...labels, [POOL_LABEL]: pool.name },
        taints,
        pool: pool.name,
        tagged: true,
      },
    ],
    daemonPods: [{ name: 'node-agent', requests: { cpuMillicores: daemonCpu, memoryBytes: 2 ** 28 } }],
    timing: { nodeReadyMs: NODE_READY_MS },
    workload: {
      series: scenario.live,
      valuePerPod: scenario.capacityPerNode / PODS_PER_NODE,
      requests: {
        cpuMillicores: Math.floor((allocatable.cpuMillicores - daemonCpu) / PODS_PER_NODE),
        memoryBytes: Math.floor(allocatable.memoryBytes / (PODS_PER_NODE + 1)),
      },
      nodeSelector: labels,
      maxUnavailable: '20%',
    },
  });
}
