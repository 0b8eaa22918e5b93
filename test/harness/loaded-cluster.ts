import { POOL_LABEL } from '@forescale/shared/config';
import {
  createSimulatedCluster,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from '@forescale/simulator/cluster';
import { CAPACITY_PER_NODE } from './config-file.ts';

const MINUTE_MS = 60_000;
const PODS_PER_NODE = 4;
const STEP_EVERY_MS = 50;

export interface ClusterSpec {
  readonly startMs: number;
  readonly endMs: number;
  /** The load at a time; four pods of the workload serve what one node carries of it. */
  readonly load: (timeMs: number) => number;
  readonly stepMs?: number;
  readonly bootMs?: number;
  readonly initialNodes: number;
  readonly options?: Partial<SimulatedClusterOptions>;
}

/** A simulated cluster whose workload follows `load`. */
export function createLoadedCluster(spec: ClusterSpec): SimulatedCluster {
  const { startMs, endMs, load, stepMs = MINUTE_MS, bootMs = 90_000, initialNodes, options } = spec;
  const offering = { instanceType: 'small', zone: 'a', capacityType: 'on_demand' } as const;
  const allocatable = { cpuMillicores: 4_000, memoryBytes: 8 * 2 ** 30, pods: 58, gpus: 0 };
  const timesMs = Float64Array.from(
    { length: Math.floor((endMs - startMs) / stepMs) + 1 },
    (_, i) => startMs + i * stepMs,
  );
  return createSimulatedCluster({
    seed: 7,
    startMs,
    namespaces: ['forescale'],
    offerings: [{ ...offering, usdPerHour: 0.1, allocatable, boot: { kind: 'fixed', ms: bootMs } }],
    initialNodes: [
      {
        offering,
        count: initialNodes,
        namePrefix: 'web-initial',
        labels: { role: 'web', [POOL_LABEL]: 'web' },
        pool: 'web',
        tagged: true,
      },
    ],
    workload: {
      series: { timesMs, values: timesMs.map(load) },
      valuePerPod: CAPACITY_PER_NODE / PODS_PER_NODE,
      requests: { cpuMillicores: 4_000 / PODS_PER_NODE, memoryBytes: 2 ** 30 },
      nodeSelector: { role: 'web' },
      maxUnavailable: '20%',
    },
    ...options,
  });
}

/** Serves the cluster, whose time is that of the machine from now on. */
export async function runInRealTime(
  cluster: SimulatedCluster,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = await cluster.listen();
  const stepping = setInterval(() => cluster.step(Date.now()), STEP_EVERY_MS);
  return {
    url: server.url,
    async stop() {
      clearInterval(stepping);
      await server.close();
    },
  };
}
