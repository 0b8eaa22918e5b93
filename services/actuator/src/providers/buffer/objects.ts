import { PLACEHOLDER_LABEL, parseCpuMillicores, parseQuantity } from '@forescale/shared/domain';
import { z } from 'zod';
import { metadataSchema } from '../kubernetes/api.ts';
import type { HoldRequest, PlaceholderSize } from '../port.ts';

const MIB = 2 ** 20;
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
/** Of the plan that wrote the object last. */
const GENERATION = 'forescale.dev/generation';
const GPU = 'nvidia.com/gpu';

/** The lowest priority for which autoscalers still bring nodes; every other pod turns such a one out. */
export const PRIORITY = -10;
export const PRIORITY_CLASS = 'forescale-placeholder';

const container = z.object({
  resources: z.object({ requests: z.record(z.string(), z.coerce.string()).default({}) }).prefault({}),
});
const template = z.object({ spec: z.object({ containers: z.array(container).default([]) }).prefault({}) });

export const deploymentSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ replicas: z.number().int().default(1), template }),
});
export const podTemplateSchema = z.object({ metadata: metadataSchema, template });
export const bufferSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ replicas: z.number().int().default(0) }),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().default(''),
            message: z.string().default(''),
          }),
        )
        .default([]),
    })
    .prefault({}),
});
export const priorityClassSchema = z.object({ metadata: metadataSchema, value: z.number() });

/** By which plan it was written last; 0 where that is not said. */
export function generationOf({
  metadata: { annotations },
}: {
  readonly metadata: z.output<typeof metadataSchema>;
}): number {
  const text = annotations[GENERATION] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** What one placeholder of a template asks for. */
export function sizeOf({ spec }: z.output<typeof template>): PlaceholderSize | null {
  const requests = spec.containers[0]?.resources.requests;
  if (requests === undefined) return null;
  return {
    cpuMillicores: parseCpuMillicores(requests.cpu ?? '0') ?? 0,
    memoryBytes: parseQuantity(requests.memory ?? '0') ?? 0,
    gpus: parseQuantity(requests[GPU] ?? '0') ?? 0,
  };
}

function ownLabels(pool: string): Record<string, string> {
  return { [MANAGED_BY]: 'forescale', [PLACEHOLDER_LABEL]: pool };
}

/** What everything that is ours carries. */
function metadataOf({ pool, generation }: HoldRequest, name: string) {
  return { name, labels: ownLabels(pool), annotations: { [GENERATION]: String(generation) } };
}

export function podTemplateOf(request: HoldRequest, name: string, image: string) {
  return { metadata: metadataOf(request, name), template: templateOf(request, image) };
}

export function bufferOf(request: HoldRequest, name: string) {
  const spec = {
    provisioningStrategy: 'buffer.x-k8s.io/active-capacity',
    podTemplateRef: { name },
    replicas: request.replicas,
  };
  return { metadata: metadataOf(request, name), spec };
}

/** Never more pods than are asked for, also while their size changes. */
export function deploymentOf(request: HoldRequest, name: string, image: string) {
  const { metadata, spec } = templateOf(request, image);
  return {
    metadata: metadataOf(request, name),
    spec: {
      replicas: request.replicas,
      selector: { matchLabels: ownLabels(request.pool) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: '25%' } },
      template: { metadata, spec: { ...spec, priorityClassName: PRIORITY_CLASS } },
    },
  };
}

export const PRIORITY_CLASS_OBJECT = {
  metadata: { name: PRIORITY_CLASS, labels: { [MANAGED_BY]: 'forescale' } },
  value: PRIORITY,
  preemptionPolicy: 'Never',
  globalDefault: false,
  description: 'Pods of Forescale that hold room for others, and yield to every one of them.',
};

/** Goes at once when others need its room, and may be moved by whoever removes nodes. */
function templateOf({ pool, size, nodeSelector, taints }: HoldRequest, image: string) {
  return {
    metadata: { labels: ownLabels(pool), annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true' } },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      nodeSelector,
      tolerations: taints.map(({ key, value, effect }) => ({ key, operator: 'Equal', value, effect })),
      containers: [
        {
          name: 'placeholder',
          image,
          resources: resourcesOf(size),
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            runAsUser: 65_535,
            capabilities: { drop: ['ALL'] },
            seccompProfile: { type: 'RuntimeDefault' },
          },
        },
      ],
    },
  };
}

/** Of GPUs Kubernetes takes no request without a limit that is the same. */
function resourcesOf(size: PlaceholderSize): Record<string, Record<string, string>> {
  const requests = requestsOf(size);
  return { requests, ...(size.gpus > 0 && { limits: { [GPU]: String(size.gpus) } }) };
}

function requestsOf({ cpuMillicores, memoryBytes, gpus }: PlaceholderSize): Record<string, string> {
  const memory = memoryBytes % MIB === 0 ? `${memoryBytes / MIB}Mi` : String(memoryBytes);
  return {
    ...(cpuMillicores > 0 && { cpu: `${cpuMillicores}m` }),
    ...(memoryBytes > 0 && { memory }),
    ...(gpus > 0 && { [GPU]: String(gpus) }),
  };
}
