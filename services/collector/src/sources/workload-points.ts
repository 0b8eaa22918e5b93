import type { PoolConfig } from '@forescale/shared/config';
import type { ClusterPod, ClusterState } from '@forescale/shared/domain';
import type { Usage } from '@forescale/shared/kubernetes';
import type { Point } from '@forescale/shared/store';

/** Of each pool so many are kept, those that ask for most. */
const WORKLOADS_MAX = 500;

/**
 * What the pods of each workload of a pool ask for and use, for `forescale rightsize`: of the pod that asks for, or uses,
 * most. `usage` by "namespace/pod"; workloads of which nothing is measured are left out.
 */
export function workloadPoints(state: ClusterState, usage: ReadonlyMap<string, Usage>, pool: PoolConfig): Point[] {
  const isOfPool = (labels: Readonly<Record<string, string>>) =>
    Object.entries(pool.selector).every(([key, value]) => labels[key] === value);
  const names = new Set(state.nodes.filter((node) => isOfPool(node.labels)).map((node) => node.name));
  const bound = state.pods.filter((pod) => pod.phase === 'Running' && pod.nodeName !== null && names.has(pod.nodeName));
  const workloads = Map.groupBy(bound, (pod) => `${pod.namespace}/${workloadOf(pod)}`);
  const points: { readonly point: Point; readonly asked: number }[] = [];
  for (const pods of workloads.values()) {
    const [first] = pods;
    const used = pods.flatMap((pod) => usage.get(`${pod.namespace}/${pod.name}`) ?? []);
    if (first === undefined || used.length === 0) continue;
    const most = (values: readonly number[]) => values.reduce((max, value) => Math.max(max, value), 0);
    const requestedCpu = most(pods.map((pod) => pod.requests.cpuMillicores));
    const fields = {
      pods: pods.length,
      requested_cpu: requestedCpu,
      requested_memory: most(pods.map((pod) => pod.requests.memoryBytes)),
      used_cpu: most(used.map((one) => one.cpuMillicores)),
      used_memory: most(used.map((one) => one.memoryBytes)),
    };
    const tags = { pool: pool.name, namespace: first.namespace, workload: workloadOf(first) };
    points.push({
      point: { measurement: 'workload', tags, fields, timeMs: state.atMs },
      asked: requestedCpu * pods.length,
    });
  }
  points.sort((a, b) => b.asked - a.asked);
  return points.slice(0, WORKLOADS_MAX).map(({ point }) => point);
}

/** The name without what its controllers have appended: "web-7d4f9c-x2v9k" of a ReplicaSet is "web". */
function workloadOf({ name, ownerKind }: ClusterPod): string {
  if (ownerKind === null) return name;
  const appended = ownerKind === 'ReplicaSet' ? /-[a-z0-9]+-[a-z0-9]+$/ : /-[a-z0-9]+$/;
  return name.replace(appended, '') || name;
}
