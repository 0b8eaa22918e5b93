import type { PoolConfig } from '@forescale/shared/config';
import type { ClusterPod, ClusterState } from '@forescale/shared/domain';
import type { Usage } from '@forescale/shared/kubernetes';
import type { Point } from '@forescale/shared/store';
import { nodesOf, pendingOf } from './pool-members.ts';

/** Of each pool so many are kept, those that ask for most. */
const WORKLOADS_MAX = 500;

interface Workload {
  readonly point: Point;
  readonly asked: number;
}

/**
 * What the pods of each workload of a pool ask for and use, for `forescale rightsize`: of the pod that asks for, or uses,
 * most; and how many wait for a node, where any does. `usage` by "namespace/pod"; of workloads of which nothing is measured there
 * is only what waits.
 */
export function workloadPoints(state: ClusterState, usage: ReadonlyMap<string, Usage>, pool: PoolConfig): Point[] {
  const names = new Set(nodesOf(state, pool).map((node) => node.name));
  const running = state.pods.filter(
    ({ phase, nodeName }) => phase === 'Running' && nodeName !== null && names.has(nodeName),
  );
  const waiting = Map.groupBy(pendingOf(state, pool), keyOf);
  const byWorkload = Map.groupBy(running, keyOf);
  const workloads = [...new Set([...byWorkload.keys(), ...waiting.keys()])].flatMap((key): Workload[] => {
    const [here, pending] = [byWorkload.get(key) ?? [], waiting.get(key) ?? []];
    const [first] = [...here, ...pending];
    const fields = { ...observed(here, usage), ...(pending.length === 0 ? {} : { pending: pending.length }) };
    if (first === undefined || Object.keys(fields).length === 0) return [];
    const tags = { pool: pool.name, namespace: first.namespace, workload: workloadOf(first) };
    const asked = [...here, ...pending].reduce((sum, { requests }) => sum + requests.cpuMillicores, 0);
    return [{ point: { measurement: 'workload', tags, fields, timeMs: state.atMs }, asked }];
  });
  workloads.sort((a, b) => b.asked - a.asked);
  return workloads.slice(0, WORKLOADS_MAX).map(({ point }) => point);
}

/** Nothing where nothing of it is measured. */
function observed(pods: readonly ClusterPod[], usage: ReadonlyMap<string, Usage>): Point['fields'] {
  const used = pods.flatMap((pod) => usage.get(`${pod.namespace}/${pod.name}`) ?? []);
  if (used.length === 0) return {};
  const most = (values: readonly number[]) => values.reduce((max, value) => Math.max(max, value), 0);
  return {
    pods: pods.length,
    requested_cpu: most(pods.map((pod) => pod.requests.cpuMillicores)),
    requested_memory: most(pods.map((pod) => pod.requests.memoryBytes)),
    used_cpu: most(used.map((one) => one.cpuMillicores)),
    used_memory: most(used.map((one) => one.memoryBytes)),
  };
}

function keyOf(pod: ClusterPod): string {
  return `${pod.namespace}/${workloadOf(pod)}`;
}

/** The name without what its controllers have appended: "web-7d4f9c-x2v9k" of a ReplicaSet is "web". */
function workloadOf({ name, ownerKind }: ClusterPod): string {
  if (ownerKind === null) return name;
  const appended = ownerKind === 'ReplicaSet' ? /-[a-z0-9]+-[a-z0-9]+$/ : /-[a-z0-9]+$/;
  return name.replace(appended, '') || name;
}
