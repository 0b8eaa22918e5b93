import type { KindName } from '../objects/kinds.ts';
import type {
  ContainerSpec,
  PodObject,
  PodSpec,
  ReplicatedObject,
  StoredObject,
  TolerationSpec,
} from '../objects/objects.ts';

/** How long a pod stays on a node that is not ready, as Kubernetes' admission sets it. */
const NOT_READY_TOLERATION_SECONDS = 300;
const DEFAULT_GRACE_SECONDS = 30;

/** What a server fills in where a new object says nothing. */
export function withDefaults(kind: KindName, object: StoredObject): StoredObject {
  switch (kind) {
    case 'pods':
      return podDefaults(object as unknown as PodObject) as unknown as StoredObject;
    case 'deployments':
      return replicatedDefaults(object as unknown as ReplicatedObject, {
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      });
    case 'replicasets':
      return replicatedDefaults(object as unknown as ReplicatedObject, {});
    case 'namespaces':
      return namespaceDefaults(object);
    case 'nodes':
      return { ...object, spec: object.spec ?? {}, status: object.status ?? {} };
    case 'capacitybuffers':
    case 'machines':
      return { ...object, status: {} };
    case 'machinedeployments':
    case 'machinepools':
      return { ...object, spec: { replicas: 1, ...object.spec }, status: {} };
    default:
      return object;
  }
}

export function graceSecondsOf(spec: PodSpec): number {
  return spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

function podDefaults(pod: PodObject): PodObject {
  const { spec } = pod;
  const withInit = spec.initContainers && { initContainers: spec.initContainers.map(containerDefaults) };
  return {
    ...pod,
    spec: {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      schedulerName: 'default-scheduler',
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      enableServiceLinks: true,
      securityContext: {},
      serviceAccountName: 'default',
      terminationGracePeriodSeconds: DEFAULT_GRACE_SECONDS,
      ...spec,
      ...withInit,
      containers: spec.containers.map(containerDefaults),
      tolerations: withDefaultTolerations(spec.tolerations ?? []),
    } as PodSpec,
    status: { phase: 'Pending', qosClass: qosClassOf(spec) },
  };
}

/** Requests that are absent equal the limits. */
function containerDefaults(container: ContainerSpec): ContainerSpec {
  const { requests, limits } = container.resources ?? {};
  return {
    imagePullPolicy: 'IfNotPresent',
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...container,
    resources: { ...container.resources, ...(limits && { requests: { ...limits, ...requests } }) },
  } as ContainerSpec;
}

function withDefaultTolerations(tolerations: readonly TolerationSpec[]): readonly TolerationSpec[] {
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) => !tolerations.some((t) => t.key === key || (t.key === undefined && t.operator === 'Exists')),
  );
  const added = missing.map((key) => ({
    key,
    operator: 'Exists' as const,
    effect: 'NoExecute' as const,
    tolerationSeconds: NOT_READY_TOLERATION_SECONDS,
  }));
  return [...tolerations, ...added];
}

function qosClassOf(spec: PodSpec): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const resources = spec.containers.map((container) => container.resources ?? {});
  const asksNothing = resources.every(({ requests, limits }) => !hasKeys(requests) && !hasKeys(limits));
  if (asksNothing) return 'BestEffort';
  const guaranteed = resources.every(({ requests, limits }) =>
    ['cpu', 'memory'].every((r) => limits?.[r] !== undefined && (requests?.[r] ?? limits[r]) === limits[r]),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function hasKeys(record: object | undefined): boolean {
  return record !== undefined && Object.keys(record).length > 0;
}

function replicatedDefaults(object: ReplicatedObject, rest: object): StoredObject {
  return { ...object, spec: { replicas: 1, ...rest, ...object.spec }, status: {} };
}

function namespaceDefaults(object: StoredObject): StoredObject {
  const labels = { 'kubernetes.io/metadata.name': object.metadata.name, ...object.metadata.labels };
  return {
    ...object,
    metadata: { ...object.metadata, labels },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}
