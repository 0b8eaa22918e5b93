import { openProvider } from '@forescale/actuator/providers';
import type { Config, SingleProviderConfig } from '@forescale/shared/config';
import {
  type ClusterService,
  connectKubernetes,
  createClusterProbe,
  createClusterReader,
  createSurroundings,
  neededPermissions,
  readApiService,
} from '@forescale/shared/kubernetes';
import type { Log } from '@forescale/shared/telemetry';
import { checkServer, checkWriters } from './cluster.ts';
import { checkExternalMetrics, EXTERNAL_METRICS } from './external-metrics.ts';
import { attempt, type Finding, type Patience } from './finding.ts';
import { checkLivePrices, checkMachines } from './machines.ts';
import { checkPermissions } from './permissions.ts';
import { checkPrices } from './prices.ts';
import { checkBus, checkNode, checkProviders, checkStore } from './servers.ts';
import { checkSources } from './sources.ts';

export interface Examined {
  readonly config: Config;
  /** Whose permissions are looked at; the credentials are always those of this process. */
  readonly services: readonly ClusterService[];
  readonly nodeVersion: string;
  readonly log: Log;
  readonly patience: Patience;
}

/** Looks at everything that the services of this configuration need, each thing within its time. Changes nothing. */
export async function examine(examined: Examined): Promise<Finding[]> {
  const { config, log, patience, nodeVersion } = examined;
  const [cluster, store, bus] = await Promise.all([
    examineCluster(examined),
    checkStore(config, log, patience),
    checkBus(config, patience),
  ]);
  const parts = { clock: patience.clock, kube: cluster.kube };
  const [sources, providers, live] = await Promise.all([
    checkSources(config, patience),
    checkProviders(config, cluster.kube, cluster.id, patience),
    checkLivePrices(config.pools, (one) => openProvider(one, parts), patience),
  ]);
  const servers = [...cluster.findings, ...store, ...bus, ...sources, ...providers];
  const order: readonly Finding['check'][] = [
    ...(['reachable', 'permission', 'clock', 'version', 'machines', 'price', 'single writer'] as const),
  ];
  const prices = [...checkMachines(config.pools), ...checkPrices(config.pools), ...live];
  return [...servers, checkNode(nodeVersion), ...prices].sort(
    (a, b) => order.indexOf(a.check) - order.indexOf(b.check),
  );
}

/** `id` null: the cluster does not say which one it is. */
async function examineCluster({ config, services, patience }: Examined) {
  if (!config.kubernetes.enabled) {
    const detail = 'not used, as configured';
    const finding: Finding = { check: 'reachable', subject: 'Kubernetes', state: 'ok', detail };
    return { id: null, kube: null, findings: [finding] };
  }
  const connected = await attempt(patience, async () => connectKubernetes(config.kubernetes));
  if ('error' in connected) return { id: null, kube: null, findings: [unreachable(connected.error)] };
  const kube = connected.value;
  const probe = createClusterProbe(kube, patience.clock);
  const server = await checkServer(probe, kube.getCurrentCluster()?.server ?? 'no cluster', patience);
  // All the rest would only say the same once more, after as many time-outs.
  if (server.some(({ check, state }) => check === 'reachable' && state === 'fail'))
    return { id: null, kube, findings: server };
  const reader = createClusterReader(kube, patience.clock);
  const open = (one: SingleProviderConfig) => openProvider(one, { clock: patience.clock, kube });
  const surroundings = createSurroundings(kube);
  const [permissions, writers, metrics, id] = await Promise.all([
    checkPermissions(probe, neededPermissions(config, services), patience),
    checkWriters({ reader, surroundings, openProvider: open }, config.pools, patience),
    checkExternalMetrics(config, (signal) => readApiService(kube, EXTERNAL_METRICS, signal), patience),
    attempt(patience, () => reader.clusterId()),
  ]);
  return { id: 'error' in id ? null : id.value, kube, findings: [...server, ...permissions, ...writers, ...metrics] };
}

function unreachable(reason: string): Finding {
  return { check: 'reachable', subject: 'Kubernetes', state: 'fail', detail: reason };
}
