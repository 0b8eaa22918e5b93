import type { PoolConfig } from '@forescale/shared/config';
import {
  addResources,
  type ClusterPod,
  type ClusterState,
  NO_RESOURCES,
  type Resources,
  type Sample,
} from '@forescale/shared/domain';
import type { Usage } from '@forescale/shared/kubernetes';
import { PENDING_REASONS, type PendingReason, pendingReasons } from './pending-reasons.ts';
import { nodesOf, pendingOf } from './pool-members.ts';

const SOURCE = 'kubernetes';

/**
 * What the Kubernetes API says of one pool, as samples of the moment: CPU, memory and pods that are requested (bound to
 * the pool's nodes, or pending and able to run there), pending pods and why they wait, Ready nodes and what they have to
 * give, and real use where it is measured.
 * Pods of DaemonSets are left out: they come with the node and ask for none.
 */
export function clusterSamples(
  state: ClusterState,
  usage: ReadonlyMap<string, Usage> | null,
  pool: PoolConfig,
): Sample[] {
  const nodes = nodesOf(state, pool);
  const names = new Set(nodes.map((node) => node.name));
  const pods = state.pods.filter((pod) => pod.ownerKind !== 'DaemonSet');
  const bound = pods.filter((pod) => pod.nodeName !== null && names.has(pod.nodeName));
  const pending = pendingOf(state, pool);
  const requested = [...bound, ...pending].reduce<Resources>(
    (sum, pod) => addResources(sum, pod.requests),
    NO_RESOURCES,
  );
  const used =
    usage && nodes.reduce((sum, node) => addUsage(sum, usage.get(node.name)), { cpuMillicores: 0, memoryBytes: 0 });
  const ready = nodes.filter((node) => node.ready);
  const allocatable = ready.reduce<Resources>((sum, node) => addResources(sum, node.allocatable), NO_RESOURCES);
  const values: Record<string, number> = {
    'requested-cpu': requested.cpuMillicores,
    'requested-memory': requested.memoryBytes,
    'requested-pods': requested.pods,
    'pending-pods': pending.length,
    ...pendingByReason(pending),
    'ready-nodes': ready.length,
    'allocatable-cpu': allocatable.cpuMillicores,
    'allocatable-memory': allocatable.memoryBytes,
    'allocatable-pods': allocatable.pods,
    ...(used ? { 'used-cpu': used.cpuMillicores, 'used-memory': used.memoryBytes } : {}),
  };
  return Object.entries(values).map(([signal, value]) => ({
    pool: pool.name,
    signal,
    source: SOURCE,
    timeMs: state.atMs,
    value,
  }));
}

/** Each reason, also those that no pod waits for: a series with holes would have no zero. */
function pendingByReason(pods: readonly ClusterPod[]): Record<string, number> {
  const counts = new Map<PendingReason, number>(PENDING_REASONS.map((reason) => [reason, 0]));
  for (const { unschedulable, unschedulableBecause } of pods)
    for (const reason of pendingReasons(unschedulable ? (unschedulableBecause ?? '') : null))
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return Object.fromEntries([...counts].map(([reason, count]) => [`pending-${reason}`, count]));
}

function addUsage(sum: Usage, one: Usage | undefined): Usage {
  return {
    cpuMillicores: sum.cpuMillicores + (one?.cpuMillicores ?? 0),
    memoryBytes: sum.memoryBytes + (one?.memoryBytes ?? 0),
  };
}
