import { z } from 'zod';
import { bytes, choice, cpu, integer, line, section, text } from '../issues.ts';
import { limits, limitsOf } from './limits.ts';

const podSize = section({ cpu, memory: bytes, gpus: integer(0, 64).default(0) }).transform((raw) => ({
  cpuMillicores: raw.cpu,
  memoryBytes: raw.memory,
  gpus: raw.gpus,
}));

/** Nodes that an autoscaler of the cluster owns: it is asked to keep room for more pods. */
export const bufferProvider = section({
  kind: z.literal('buffer'),
  /** `auto`: CapacityBuffers where the cluster has them, else pods that hold the room. */
  api: choice(['auto', 'capacity_buffer', 'placeholders']).default('auto'),
  /** Of the objects; absent: `kubernetes.namespace`. */
  namespace: text(/^[a-z0-9-]{1,63}$/, 'a namespace').optional(),
  /** What one placeholder asks for; absent: a part of a node of the template. */
  placeholder: podSize
    .refine((size) => size.cpuMillicores > 0 || size.memoryBytes > 0 || size.gpus > 0, {
      error: 'allowed: a size of more than nothing',
    })
    .optional(),
  /** Into so many parts a node is divided. */
  per_node: integer(1, 100).default(4),
  replicas_max: integer(1, 10_000).default(1_000),
  image: line(255, 'an image that runs and does nothing').default('registry.k8s.io/pause:3.10'),
  ...limits,
}).transform((raw) => ({
  kind: raw.kind,
  api: raw.api,
  /** Empty only until the pool is complete. */
  namespace: raw.namespace ?? '',
  placeholder: raw.placeholder ?? null,
  perNode: raw.per_node,
  replicasMax: raw.replicas_max,
  image: raw.image,
  ...limitsOf(raw),
}));
