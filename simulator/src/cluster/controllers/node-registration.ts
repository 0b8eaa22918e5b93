import type { Resources } from '@forescale/shared/domain';
import { type Condition, type Labels, type NodeObject, type TaintSpec, withCondition } from '../objects/objects.ts';
import { quantitiesOf } from '../objects/pod-requests.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { Registry } from '../store/registry.ts';

/** What a kubelet says of its machine when it joins. */
export interface NodeDescription {
  readonly name: string;
  readonly providerId: string;
  readonly labels: Labels;
  readonly taints: readonly TaintSpec[];
  readonly allocatable: Resources;
  readonly arch: string;
  readonly os: string;
}

const PRESSURES = {
  MemoryPressure: 'KubeletHasSufficientMemory',
  DiskPressure: 'KubeletHasNoDiskPressure',
  PIDPressure: 'KubeletHasSufficientPID',
} as const;

const NOT_READY = {
  reason: 'KubeletNotReady',
  message: 'container runtime network not ready: NetworkReady=false',
} as const;

/** Creates the Node, not Ready yet. False when the name is taken: as in K3s, the newcomer is turned away. */
export function registerNode(registry: Registry, node: NodeDescription, ordinal: number): boolean {
  if (registry.store.get('nodes', '', node.name) !== undefined) return false;
  const now = timestamp(registry.nowMs());
  const pressures: Condition[] = Object.entries(PRESSURES).map(([type, reason]) => ({
    type,
    status: 'False',
    reason,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  }));
  const ready = {
    type: 'Ready',
    status: 'False',
    ...NOT_READY,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  } as const;
  const capacity = quantitiesOf(node.allocatable);
  registry.create('nodes', {
    metadata: { name: node.name, labels: labelsOf(node) },
    spec: { providerID: node.providerId, ...(node.taints.length > 0 && { taints: node.taints }) },
    status: {
      capacity,
      allocatable: capacity,
      conditions: [...pressures, ready],
      addresses: [
        { type: 'InternalIP', address: `10.0.${(ordinal >> 8) & 0xff}.${ordinal & 0xff}` },
        { type: 'Hostname', address: node.name },
      ],
      nodeInfo: { kubeletVersion: 'v1.33.0+forescale-simulator', architecture: node.arch, operatingSystem: node.os },
    },
  });
  return true;
}

function labelsOf(node: NodeDescription): Labels {
  return {
    'kubernetes.io/arch': node.arch,
    'kubernetes.io/os': node.os,
    'kubernetes.io/hostname': node.name,
    ...node.labels,
  };
}

export function setNodeReady(registry: Registry, name: string, status: 'True' | 'Unknown'): void {
  const node = registry.store.get('nodes', '', name);
  if (node === undefined) return;
  const now = timestamp(registry.nowMs());
  const says =
    status === 'True'
      ? { reason: 'KubeletReady', message: 'kubelet is posting ready status' }
      : { reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' };
  const ready = { type: 'Ready', status, ...says, lastHeartbeatTime: now, lastTransitionTime: now };
  const next: NodeObject = {
    ...node,
    status: { ...node.status, conditions: withCondition(node.status.conditions, ready) },
  };
  registry.update('nodes', next);
}
