import { z } from 'zod';
import { metadataSchema } from '../kubernetes/api.ts';

export const GROUP = 'cluster.x-k8s.io';
export const DELETE_MACHINE = 'cluster.x-k8s.io/delete-machine';
const MIN_SIZE = 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size';
const MAX_SIZE = 'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size';

export const RESOURCES = { machine_deployment: 'machinedeployments', machine_pool: 'machinepools' } as const;
/** By which its Machines name their group. */
export const OWNER_LABELS = {
  machine_deployment: 'cluster.x-k8s.io/deployment-name',
  machine_pool: 'cluster.x-k8s.io/pool-name',
} as const;

const text = z.string().default('');

export const groupSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ replicas: z.number().int().min(0).default(1), paused: z.boolean().default(false) }),
});
export type CapiGroup = z.output<typeof groupSchema>;

export const machineSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ providerID: text }).prefault({}),
  status: z
    .object({
      phase: text,
      nodeRef: z.object({ name: text }).prefault({}),
      failureReason: text,
      failureMessage: text,
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            severity: text,
            reason: text,
            message: text,
            lastTransitionTime: text,
          }),
        )
        .max(100)
        .default([]),
    })
    .prefault({}),
});
export type CapiMachine = z.output<typeof machineSchema>;

/** How many machines whoever set up the group lets it have. */
export function boundsOf({ metadata: { annotations } }: CapiGroup): { readonly min: number; readonly max: number } {
  const read = (key: string, otherwise: number) => {
    const value = annotations[key];
    return value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : otherwise;
  };
  return { min: read(MIN_SIZE, 0), max: read(MAX_SIZE, Number.POSITIVE_INFINITY) };
}

export function isLeaving({ metadata }: CapiMachine): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Its infrastructure is there, and costs money. */
export function isMade({ spec }: CapiMachine): boolean {
  return spec.providerID !== '';
}

/** Goes first when its group is made smaller. */
export function isMarked({ metadata }: CapiMachine): boolean {
  return DELETE_MACHINE in metadata.annotations;
}
