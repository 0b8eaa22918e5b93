import { z } from 'zod';
import {
  type ClusterNode,
  type ClusterPod,
  parseCpuMillicores,
  parseQuantity,
  type Resources,
} from '../domain/index.ts';

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

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;

const nodeSchema = z.object({
  metadata,
  spec: z
    .object({
      providerID: z.string().default(''),
      unschedulable: z.boolean().default(false),
      taints: z
        .array(z.object({ key: z.string(), value: z.string().default(''), effect: z.enum(EFFECTS) }))
        .default([]),
    })
    .prefault({}),
  status: z
    .object({
      allocatable: quantities,
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), lastTransitionTime: time.optional() }))
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
    overhead: quantities,
    tolerations: z
      .array(
        z.object({
          key: z.string().optional(),
          operator: z.enum(['Equal', 'Exists']).default('Equal'),
          value: z.string().default(''),
          effect: z.enum(EFFECTS).optional(),
        }),
      )
      .default([]),
    volumes: z.array(z.looseObject({})).default([]),
  }),
  status: z
    .object({
      phase: z.string().default('Pending'),
      conditions: z
        .array(z.object({ type: z.string(), status: z.string(), reason: z.string().optional() }))
        .default([]),
    })
    .prefault({}),
});

/** A node of the API; throws `ZodError` where it is none. */
export function parseNode(raw: unknown): ClusterNode {
  const { metadata: meta, spec, status } = nodeSchema.parse(raw);
  const ready = status.conditions.find((condition) => condition.type === 'Ready');
  return {
    name: meta.name,
    uid: meta.uid,
    providerId: spec.providerID,
    createdMs: meta.creationTimestamp,
    ready: ready?.status === 'True',
    readyChangedMs: ready?.lastTransitionTime ?? meta.creationTimestamp,
    unschedulable: spec.unschedulable,
    labels: meta.labels,
    annotations: meta.annotations,
    taints: spec.taints,
    allocatable: resources(status.allocatable, Number(status.allocatable.pods ?? 0)),
  };
}

/** A pod of the API, or null for one that is finished and holds nothing; throws `ZodError` where it is none. */
export function parsePod(raw: unknown): ClusterPod | null {
  const { metadata: meta, spec, status } = podSchema.parse(raw);
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return null;
  const scheduled = status.conditions.find((condition) => condition.type === 'PodScheduled');
  return {
    namespace: meta.namespace,
    name: meta.name,
    uid: meta.uid,
    createdMs: meta.creationTimestamp,
    nodeName: spec.nodeName ?? null,
    phase: status.phase === 'Running' || status.phase === 'Pending' ? status.phase : 'Unknown',
    unschedulable: scheduled?.status === 'False' && scheduled.reason === 'Unschedulable',
    terminating: meta.deletionTimestamp !== undefined,
    requests: podRequests(spec),
    labels: meta.labels,
    annotations: meta.annotations,
    nodeSelector: spec.nodeSelector,
    tolerations: spec.tolerations.map((one) => ({
      key: one.key ?? null,
      operator: one.operator,
      value: one.value,
      effect: one.effect ?? null,
    })),
    priority: spec.priority,
    ownerKind: (meta.ownerReferences.find((owner) => owner.controller) ?? meta.ownerReferences[0])?.kind ?? null,
    localStorage: spec.volumes.some((volume) => 'emptyDir' in volume || 'hostPath' in volume),
  };
}

/**
 * What the scheduler reserves: the sum over the containers, or the largest init container where that is more (init
 * containers run one after the other, before the others; those that restart run beside them and are added).
 */
function podRequests(spec: z.output<typeof podSchema>['spec']): Resources {
  const sidecars = spec.initContainers.filter((one) => one.restartPolicy === 'Always');
  const steady = [...spec.containers, ...sidecars].map((one) => resources(one.resources.requests, 0));
  const initial = spec.initContainers.map((one) => resources(one.resources.requests, 0));
  const overhead = resources(spec.overhead, 0);
  const reserve = (field: keyof Resources) =>
    Math.max(
      steady.reduce((sum, one) => sum + one[field], 0),
      ...initial.map((one) => one[field]),
    ) + overhead[field];
  return {
    cpuMillicores: reserve('cpuMillicores'),
    memoryBytes: reserve('memoryBytes'),
    pods: 1,
    gpus: reserve('gpus'),
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
