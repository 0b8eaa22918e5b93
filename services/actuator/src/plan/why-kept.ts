import type { ClusterNode, ClusterPod } from '@forescale/shared/domain';
import { isResident } from './node-load.ts';

const CONTROL_PLANE_LABELS = [
  'node-role.kubernetes.io/control-plane',
  'node-role.kubernetes.io/master',
  'node-role.kubernetes.io/etcd',
];
const DISABLED_ON_NODE = ['cluster-autoscaler.kubernetes.io/scale-down-disabled', 'karpenter.sh/do-not-disrupt'];
const DO_NOT_DISRUPT = 'karpenter.sh/do-not-disrupt';
const SAFE_TO_EVICT = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

export interface KeepFacts {
  /** Created by Forescale. */
  readonly owned: boolean;
  /** The pool lets nodes go that Forescale has not created. */
  readonly adopt: boolean;
  /** The node that Forescale itself runs on, where it is known. */
  readonly homeNode: string | null;
}

/**
 * Why a node may never be taken away, in words; null when it may. Other pods than those of DaemonSets have to be
 * restarted elsewhere by a controller, and must not lose what they keep on the node.
 */
export function whyKept(node: ClusterNode, pods: readonly ClusterPod[], facts: KeepFacts): string | null {
  const why = whyNodeKept(node, facts);
  if (why !== null) return why;
  for (const pod of pods) {
    const whyPod = whyPodStays(pod);
    if (whyPod !== null) return `pod ${pod.namespace}/${pod.name} ${whyPod}`;
  }
  return null;
}

/**
 * Why a node that is out of order is not taken away for it, in words; null when it may be. Its pods have no say: for
 * them it is lost already. Somebody who has cordoned a node is at work on it.
 */
export function whyNotRepaired(node: ClusterNode, facts: Omit<KeepFacts, 'adopt'>): string | null {
  return node.unschedulable ? 'somebody has cordoned it' : whyNodeKept(node, { ...facts, adopt: false });
}

function whyNodeKept(node: ClusterNode, facts: KeepFacts): string | null {
  if (CONTROL_PLANE_LABELS.some((label) => label in node.labels)) return 'it is part of the control plane';
  if (node.name === facts.homeNode) return 'Forescale runs on it';
  if (!facts.owned && !facts.adopt) return 'Forescale has not created it, and scale_down.adopt is false';
  const disabled = DISABLED_ON_NODE.find((annotation) => node.annotations[annotation] === 'true');
  return disabled === undefined ? null : `its annotation ${disabled} is true`;
}

/** Why a pod must not be evicted to let its node go, in words; null when it may be. */
export function whyPodStays(pod: ClusterPod): string | null {
  if (pod.terminating || isResident(pod)) return null;
  const safe = pod.annotations[SAFE_TO_EVICT];
  if (pod.annotations[DO_NOT_DISRUPT] === 'true') return 'must not be disrupted';
  if (safe === 'true') return null;
  if (safe === 'false') return 'is not safe to evict';
  if (pod.ownerKind === null) return 'has no controller that would restart it';
  return pod.localStorage ? 'keeps data on the node' : null;
}
