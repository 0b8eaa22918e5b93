import type { PoolConfig } from '@forescale/shared/config';
import { type ClusterNode, type ClusterPod, type ClusterState, mayRunOn } from '@forescale/shared/domain';

export function nodesOf({ nodes }: ClusterState, { selector }: PoolConfig): readonly ClusterNode[] {
  return nodes.filter(({ labels }) => Object.entries(selector).every(([key, value]) => labels[key] === value));
}

/** Pods without a node that could run on one of the pool. Those of DaemonSets come with a node and ask for none. */
export function pendingOf({ pods }: ClusterState, { selector, template }: PoolConfig): readonly ClusterPod[] {
  const labels = { ...template.labels, ...selector };
  return pods.filter(
    (pod) =>
      pod.nodeName === null &&
      !pod.terminating &&
      pod.ownerKind !== 'DaemonSet' &&
      mayRunOn(pod, labels, template.taints),
  );
}
