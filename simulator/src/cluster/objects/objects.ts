import type { Json, JsonObject } from './json.ts';

// Objects as they are on the wire, without `kind` and `apiVersion` (the kind's table has them). Only fields that the
// simulator itself reads are named; whatever else a client wrote is kept and given back.

export type Labels = { readonly [key: string]: string };

export type OwnerReference = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
};

export type ObjectMeta = {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
};

/** Any object of any kind. */
export type StoredObject = {
  readonly metadata: ObjectMeta;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
  readonly [key: string]: Json | undefined;
};

export type Condition = {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastHeartbeatTime?: string;
  readonly observedGeneration?: number;
};

export type TaintSpec = {
  readonly key: string;
  readonly value?: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly timeAdded?: string;
};

export type TolerationSpec = {
  readonly key?: string;
  readonly operator?: 'Equal' | 'Exists';
  readonly value?: string;
  readonly effect?: TaintSpec['effect'];
  readonly tolerationSeconds?: number;
};

export type Quantities = { readonly [resource: string]: string };

type NodeSpec = {
  readonly providerID?: string;
  readonly unschedulable?: boolean;
  readonly taints?: readonly TaintSpec[];
};

type NodeStatus = {
  readonly allocatable?: Quantities;
  readonly capacity?: Quantities;
  readonly conditions?: readonly Condition[];
  readonly addresses?: readonly { readonly type: string; readonly address: string }[];
  readonly nodeInfo?: JsonObject;
};

export type NodeObject = { readonly metadata: ObjectMeta; readonly spec: NodeSpec; readonly status: NodeStatus };

export type ContainerSpec = {
  readonly name: string;
  readonly image?: string;
  readonly resources?: { readonly requests?: Quantities; readonly limits?: Quantities };
};

export type PodSpec = {
  readonly nodeName?: string;
  readonly schedulerName?: string;
  readonly priority?: number;
  readonly priorityClassName?: string;
  readonly preemptionPolicy?: 'PreemptLowerPriority' | 'Never';
  readonly terminationGracePeriodSeconds?: number;
  readonly nodeSelector?: Labels;
  readonly tolerations?: readonly TolerationSpec[];
  readonly affinity?: JsonObject;
  readonly topologySpreadConstraints?: readonly JsonObject[];
  readonly containers: readonly ContainerSpec[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly overhead?: Quantities;
};

type PodStatus = {
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  readonly qosClass?: string;
  readonly conditions?: readonly Condition[];
  readonly startTime?: string;
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly hostIP?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly containerStatuses?: readonly JsonObject[];
};

export type PodObject = { readonly metadata: ObjectMeta; readonly spec: PodSpec; readonly status: PodStatus };

export type LabelSelector = {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
};

export type PodTemplate = {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Labels };
  readonly spec: PodSpec;
};

/** A Deployment or a ReplicaSet: what the two have in common is all that is needed. */
export type ReplicatedObject = {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly replicas?: number;
    readonly paused?: boolean;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
  };
  readonly status?: ReplicatedStatus;
};

type ReplicatedStatus = {
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly updatedReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
};

export type DaemonSetObject = {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly selector: LabelSelector; readonly template: PodTemplate };
  readonly status?: {
    readonly desiredNumberScheduled?: number;
    readonly currentNumberScheduled?: number;
    readonly numberReady?: number;
    readonly numberAvailable?: number;
    readonly numberMisscheduled?: number;
    readonly updatedNumberScheduled?: number;
    readonly observedGeneration?: number;
  };
};

export type DisruptionBudgetObject = {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly selector?: LabelSelector;
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    readonly unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow';
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly currentHealthy?: number;
    readonly desiredHealthy?: number;
    readonly disruptionsAllowed?: number;
    readonly expectedPods?: number;
    readonly conditions?: readonly Condition[];
  };
};

export type PodTemplateObject = { readonly metadata: ObjectMeta; readonly template: PodTemplate };

export type PriorityClassObject = {
  readonly metadata: ObjectMeta;
  readonly value: number;
  readonly preemptionPolicy?: PodSpec['preemptionPolicy'];
};

/** Room for so many pods of a template, asked of whoever owns the nodes. */
export type CapacityBufferObject = {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly replicas?: number; readonly podTemplateRef?: { readonly name: string } };
  readonly status?: JsonObject;
};

/** A MachineDeployment or MachinePool of Cluster API. */
export type MachineGroupObject = {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly replicas?: number;
    readonly clusterName: string;
    readonly selector?: LabelSelector;
    readonly template: { readonly metadata?: { readonly labels?: Labels }; readonly spec: JsonObject };
  };
  readonly status?: JsonObject;
};

export type MachineObject = {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly clusterName: string; readonly providerID?: string };
  readonly status?: {
    readonly phase?: string;
    readonly nodeRef?: { readonly name: string };
    readonly failureReason?: string;
    readonly failureMessage?: string;
    readonly conditions?: readonly Condition[];
  };
};

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

/** The conditions with this one put in; `lastTransitionTime` moves only when the status does. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  next: Condition & { readonly lastTransitionTime: string },
): readonly Condition[] {
  const present = findCondition(conditions, next.type);
  const since = present?.status === next.status ? present.lastTransitionTime : undefined;
  const merged = { ...next, lastTransitionTime: since ?? next.lastTransitionTime };
  if (present === undefined) return [...(conditions ?? []), merged];
  return (conditions ?? []).map((condition) => (condition.type === next.type ? merged : condition));
}

/** Succeeded and Failed pods take no room and never run again. */
export function isFinished(pod: PodObject): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}

export function isTerminating(object: { readonly metadata: ObjectMeta }): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

export function controllerOf(object: { readonly metadata: ObjectMeta }): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true);
}
