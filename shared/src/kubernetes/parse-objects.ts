import { z } from 'zod';
import {
  addResources,
  type ClusterNode,
  type ClusterPod,
  NO_RESOURCES,
  PLACEHOLDER_LABEL,
  parseCpuMillicores,
  parseQuantity,
  podRules,
  podRulesSchema,
  type Resources,
} from '../domain/index.ts';
import { understand } from './understand.ts';

const time = z
  .string()
  .transform((text) => Date.parse(text))
  .refine(Number.isFinite);
const texts = z.record(z.string(), z.string()).default({});
const quantities = z.record(z.string(), z.union([z.string(), z.number()]).transform(String)).default({});

const metadata = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  uid: z.string(),
  creationTimestamp: time,
  deletionTimestamp: z.string().optional(),
  labels: texts,
  annotations: texts,
  ownerReferences: z.array(z.object({ kind: z.string(), controller: z.boolean().optional() })).default([]),
});

/** Of a pod: names of volumes that an eviction may lose, separated by commas. */
const SAFE_VOLUMES = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;
type Effect = (typeof EFFECTS)[number];

const nodeSchema = z.object({
  metadata,
  spec: z
    .object({
      providerID: z.string().default(''),
      unschedulable: z.boolean().default(false),
      taints: z
        .array(
          z.object({
            key: z.string(),
            value: z.string().default(''),
            effect: z.string(),
            timeAdded: time.optional().catch(undefined),
          }),
        )
        .default([]),
    })
    .prefault({}),
  status: z
    .object({
      allocatable: quantities,
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            lastTransitionTime: time.optional(),
            reason: z.string().default(''),
            message: z.string().default(''),
          }),
        )
        .default([]),
    })
    .prefault({}),
});

const container = z.object({
  resources: z.object({ requests: quantities }).prefault({}),
  restartPolicy: z.string().optional(),
});

const podSchema = z.object({
  metadata,
  spec: z.object({
    nodeName: z.string().optional(),
    nodeSelector: texts,
    priority: z.number().default(0),
    containers: z.array(container).default([]),
    initContainers: z.array(container).default([]),
    /** Where a pod asks for resources as a whole, its containers' requests count no more. */
    resources: z.object({ requests: quantities }).prefault({}),
    overhead: quantities,
    tolerations: z
      .array(
        z.object({
          key: z.string().optional(),
          operator: z.string().default('Equal'),
          value: z.string().default(''),
          effect: z.string().optional(),
        }),
      )
      .default([]),
    volumes: z
      .array(
        z.object({
          name: z.string().default(''),
          emptyDir: z.object({ medium: z.string().default('') }).nullish(),
          hostPath: z.unknown().optional(),
        }),
      )
      .default([]),
    ...podRulesSchema.shape,
  }),
  status: z
    .object({
      phase: z.string().default('Pending'),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .default([]),
    })
    .prefault({}),
});

/** A message tells of every part that is not Ready, and may be long. */
const BECAUSE_LENGTH_MAX = 1_000;

/** A node of the API; throws `KubernetesRefusedError` where it is none. */
export function parseNode(raw: unknown): ClusterNode {
  const { metadata: meta, spec, status } = understand('node', nodeSchema, raw);
  const ready = status.conditions.find((condition) => condition.type === 'Ready');
  return {
    name: meta.name,
    uid: meta.uid,
    providerId: spec.providerID,
    createdMs: meta.creationTimestamp,
    ready: ready?.status === 'True',
    readyChangedMs: ready?.lastTransitionTime ?? meta.creationTimestamp,
    notReadyBecause:
      ready && ready.status !== 'True' ? `${ready.reason}: ${ready.message}`.slice(0, BECAUSE_LENGTH_MAX) : '',
    unschedulable: spec.unschedulable,
    labels: meta.labels,
    annotations: meta.annotations,
    taints: spec.taints.flatMap(({ key, value, effect, timeAdded: addedMs }) =>
      isEffect(effect) ? [{ key, value, effect, ...(addedMs === undefined ? {} : { addedMs }) }] : [],
    ),
    allocatable: resources(status.allocatable, parseQuantity(status.allocatable.pods ?? '0') ?? 0),
  };
}

/**
 * A pod of the API, or null for one that is finished and holds nothing, and for a placeholder, which yields what it holds:
 * nothing in here ever sees one, so that none is counted as load, packed, or drained. Throws `KubernetesRefusedError` where it
 * is none.
 */
export function parsePod(raw: unknown): ClusterPod | null {
  const { metadata: meta, spec, status } = understand('pod', podSchema, raw);
  if (status.phase === 'Succeeded' || status.phase === 'Failed' || PLACEHOLDER_LABEL in meta.labels) return null;
  const scheduled = status.conditions.find((condition) => condition.type === 'PodScheduled');
  const unschedulable = scheduled?.status === 'False' && scheduled.reason === 'Unschedulable';
  const because = unschedulable ? scheduled.message?.slice(0, BECAUSE_LENGTH_MAX) : undefined;
  return {
    namespace: meta.namespace,
    name: meta.name,
    uid: meta.uid,
    createdMs: meta.creationTimestamp,
    nodeName: spec.nodeName ?? null,
    phase: status.phase === 'Running' || status.phase === 'Pending' ? status.phase : 'Unknown',
    unschedulable,
    ...(because ? { unschedulableBecause: because } : {}),
    terminating: meta.deletionTimestamp !== undefined,
    requests: podRequests(spec),
    labels: meta.labels,
    annotations: meta.annotations,
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations.flatMap(parseToleration),
    rules: podRules(spec, meta),
    priority: spec.priority,
    ownerKind: (meta.ownerReferences.find((owner) => owner.controller) ?? meta.ownerReferences[0])?.kind ?? null,
    localStorage: keepsLocalData(spec.volumes, meta.annotations),
  };
}

/** Volumes that are named as safe do not count, nor does an emptyDir in memory: what is there was never to last. */
function keepsLocalData(
  volumes: z.output<typeof podSchema>['spec']['volumes'],
  annotations: Readonly<Record<string, string>>,
): boolean {
  const safe = new Set((annotations[SAFE_VOLUMES] ?? '').split(',').map((name) => name.trim()));
  return volumes.some(({ name, emptyDir, hostPath }) => {
    const isLocal = hostPath != null || (emptyDir != null && emptyDir.medium !== 'Memory');
    return isLocal && !safe.has(name);
  });
}

/** None for an operator or effect of a later Kubernetes: what is not understood tolerates nothing. */
function parseToleration(
  raw: z.output<typeof podSchema>['spec']['tolerations'][number],
): ClusterPod['tolerations'][number][] {
  const { key = null, operator, value, effect = null } = raw;
  if ((operator !== 'Equal' && operator !== 'Exists') || (effect !== null && !isEffect(effect))) return [];
  return [{ key, operator, value, effect }];
}

function isEffect(text: string): text is Effect {
  return (EFFECTS as readonly string[]).includes(text);
}

/**
 * What the scheduler reserves. Init containers run one after the other, before the others; those that restart
 * (sidecars) go on running beside all that come after them. So it is the larger of all that run at last, and of the
 * hungriest step on the way there: sidecar 1, init 2, containers 1.5 reserve max(1 + 1.5, 1 + 2) = 3.
 */
function podRequests(spec: z.output<typeof podSchema>['spec']): Resources {
  let sidecars = NO_RESOURCES;
  let peak = NO_RESOURCES;
  for (const { resources: own, restartPolicy } of spec.initContainers) {
    const running = addResources(sidecars, resources(own.requests, 0));
    peak = largest(peak, running);
    if (restartPolicy === 'Always') sidecars = running;
  }
  const steady = spec.containers.reduce(
    (sum, one) => addResources(sum, resources(one.resources.requests, 0)),
    sidecars,
  );
  const whole = spec.resources.requests;
  const reserved = largest(steady, peak);
  const asked = resources(whole, 0);
  return addResources(
    {
      cpuMillicores: whole.cpu === undefined ? reserved.cpuMillicores : asked.cpuMillicores,
      memoryBytes: whole.memory === undefined ? reserved.memoryBytes : asked.memoryBytes,
      pods: 1,
      gpus: reserved.gpus,
    },
    resources(spec.overhead, 0),
  );
}

function largest(a: Resources, b: Resources): Resources {
  return {
    cpuMillicores: Math.max(a.cpuMillicores, b.cpuMillicores),
    memoryBytes: Math.max(a.memoryBytes, b.memoryBytes),
    pods: Math.max(a.pods, b.pods),
    gpus: Math.max(a.gpus, b.gpus),
  };
}

function resources(raw: Readonly<Record<string, string>>, pods: number): Resources {
  return {
    cpuMillicores: parseCpuMillicores(raw.cpu ?? '0') ?? 0,
    memoryBytes: parseQuantity(raw.memory ?? '0') ?? 0,
    pods,
    gpus: parseQuantity(raw['nvidia.com/gpu'] ?? '0') ?? 0,
  };
}
