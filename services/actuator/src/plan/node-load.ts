import type { ClusterPod, Resources } from '@forescale/shared/domain';
import { mutable, type Place } from './packing.ts';
import type { PoolNode } from './types.ts';

/** What the pods of one node ask for. */
export interface NodeLoad {
  readonly node: PoolNode;
  /** Room that the scheduler still sees. */
  readonly place: Place;
  /** Asked for by pods of DaemonSets and of the kubelet itself: they are on every node and move nowhere. */
  readonly resident: Resources;
  /** Pods that would have to go elsewhere. */
  readonly movable: readonly ClusterPod[];
  /** Largest share of CPU, memory or GPUs that movable pods ask for. */
  readonly utilisation: number;
}

/** Controllers whose pods belong to their node: `Node` is the kubelet's own static pods. */
const RESIDENT_OWNERS = new Set(['DaemonSet', 'Node']);

export function isResident(pod: ClusterPod): boolean {
  return pod.ownerKind !== null && RESIDENT_OWNERS.has(pod.ownerKind);
}

export function loadOf(node: PoolNode, pods: readonly ClusterPod[]): NodeLoad {
  const { allocatable } = node;
  const free = mutable(allocatable);
  const resident = { cpuMillicores: 0, memoryBytes: 0, pods: 0, gpus: 0 };
  const movable: ClusterPod[] = [];
  const ruled: ClusterPod[] = [];
  for (const pod of pods) {
    const { cpuMillicores, memoryBytes, gpus } = pod.requests;
    free.cpuMillicores -= cpuMillicores;
    free.memoryBytes -= memoryBytes;
    free.pods -= 1;
    free.gpus -= gpus;
    if (pod.rules !== null) ruled.push(pod);
    if (isResident(pod)) {
      resident.cpuMillicores += cpuMillicores;
      resident.memoryBytes += memoryBytes;
      resident.pods += 1;
      resident.gpus += gpus;
    } else if (!pod.terminating) movable.push(pod);
  }
  const share = (field: 'cpuMillicores' | 'memoryBytes' | 'gpus') =>
    allocatable[field] > 0 ? (allocatable[field] - free[field] - resident[field]) / allocatable[field] : 0;
  return {
    node,
    place: {
      name: node.name,
      free,
      labels: node.labels,
      taints: node.taints,
      topology: node.labels,
      isNew: false,
      pods,
      ruled,
    },
    resident,
    movable,
    utilisation: Math.max(share('cpuMillicores'), share('memoryBytes'), share('gpus')),
  };
}
