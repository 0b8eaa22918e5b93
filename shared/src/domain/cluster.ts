import type { PodRules } from './placement.ts';
import type { Resources } from './resources.ts';

export type CapacityType = 'on_demand' | 'spot';

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  /** Since when a node has it, where whoever set it says so. */
  readonly addedMs?: number;
}

export interface Toleration {
  /** Absent key with operator Exists tolerates everything. */
  readonly key: string | null;
  readonly operator: 'Equal' | 'Exists';
  readonly value: string;
  /** Null: any effect. */
  readonly effect: Taint['effect'] | null;
}

/** A node as the Kubernetes API shows it, parsed at the adapter. */
export interface ClusterNode {
  readonly name: string;
  readonly uid: string;
  /** `spec.providerID`; empty until the cloud or the kubelet has set it. */
  readonly providerId: string;
  readonly createdMs: number;
  readonly ready: boolean;
  /** Since when the Ready condition has its present value. */
  readonly readyChangedMs: number;
  /** Why it is not Ready, as its kubelet or the cluster says: "KubeletNotReady: node is shutting down"; else empty. */
  readonly notReadyBecause: string;
  /** Cordoned: `spec.unschedulable`. */
  readonly unschedulable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly allocatable: Resources;
}

/**
 * On pods that only hold room for others, and yield to every one of them: they are no load. Its value is the pool that they
 * hold room for.
 */
export const PLACEHOLDER_LABEL = 'forescale.dev/placeholder';

/** A pod that is not finished, and no placeholder. */
export interface ClusterPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly createdMs: number;
  /** The node that it is bound to; null while it is not. */
  readonly nodeName: string | null;
  readonly phase: 'Pending' | 'Running' | 'Unknown';
  /** The scheduler said that it fits nowhere (condition PodScheduled = False, reason Unschedulable). */
  readonly unschedulable: boolean;
  /** What it said of that; absent where it fits, or nothing was said. */
  readonly unschedulableBecause?: string;
  /** Being deleted. */
  readonly terminating: boolean;
  readonly requests: Resources;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** Null: none, as of most pods. */
  readonly rules: PodRules | null;
  readonly priority: number;
  /** Kind of the controlling owner, for example ReplicaSet or DaemonSet; null for a bare pod. */
  readonly ownerKind: string | null;
  /** Mounts an emptyDir or hostPath that an eviction would lose. */
  readonly localStorage: boolean;
}

/** A consistent picture of the cluster at `atMs`. */
export interface ClusterState {
  readonly atMs: number;
  readonly nodes: readonly ClusterNode[];
  readonly pods: readonly ClusterPod[];
}
