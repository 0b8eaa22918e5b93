import type { z } from 'zod';
import { bytes, choice, cpu, integer, list, name, section, text } from './issues.ts';

/** Clouds of whose machines a static table of sizes and prices comes with Forescale. */
export const CLOUDS = ['aws', 'gcp', 'azure', 'hetzner'] as const;

/** How a node's system parts are reckoned with where the node is not there yet to ask: see docs/prices.md. */
export const RESERVATIONS = ['eks', 'gke', 'aks', 'k3s'] as const;

const pattern = text(/^[\w.*?-]{1,63}$/, 'an instance type such as "m7g.xlarge", or with * and ?, as "m7g.*"');
const family = text(/^[\w.-]{1,63}$/, 'a family such as "m7g", "n2d", "Dasv6" or "cax"');
const place = (what: string) => text(/^[\w-]{1,63}$/, what);

/** Both ends belong to it; either may be left out. */
function range<Value extends z.ZodType<number>>(value: Value, what: string) {
  return section({ min: value.optional(), max: value.optional() })
    .refine(({ min = 0, max = Number.POSITIVE_INFINITY }) => min <= max, {
      error: `allowed: { min, max } of ${what} with a min of at most max`,
    })
    .transform(({ min, max }) => ({ min: min ?? 0, max: max ?? Number.POSITIVE_INFINITY }));
}

/** What machines a pool may buy, in words rather than one by one: whatever of a cloud's table meets all of it. */
export const machinesSchema = section({
  /** Name of the provider that sells them, in a pool that has several. */
  provider: name.optional(),
  /** Whose table; absent: that of the pool's provider. */
  cloud: choice(CLOUDS).optional(),
  regions: list(place('a region such as "eu-central-1"'), 1, 20, 'regions'),
  /** Absent: all that the table names. */
  zones: list(place('a zone such as "eu-central-1a"'), 1, 100, 'zones').optional(),
  capacity_types: list(choice(['on_demand', 'spot']), 1, 2, 'capacity types').default(['on_demand']),
  families: list(family, 1, 100, 'families').optional(),
  types: list(pattern, 1, 200, 'types').optional(),
  exclude: list(pattern, 0, 200, 'types').default([]),
  /** Absent: that of the template's label kubernetes.io/arch, else amd64. */
  architectures: list(choice(['amd64', 'arm64']), 1, 2, 'architectures').optional(),
  cpu: range(cpu, 'CPUs').optional(),
  memory: range(bytes, 'memory').optional(),
  /** Absent: machines without any. */
  gpus: range(integer(0, 64), 'GPUs').optional(),
  max_offerings: integer(1, 1_000).default(100),
  /** Absent: as the cloud's own Kubernetes does; of Hetzner, K3s. */
  reserved: choice(RESERVATIONS).optional(),
  max_pods: integer(1, 1_000).default(110),
}).transform((raw) => ({
  /** Empty: the pool has but one. */
  provider: raw.provider ?? '',
  cloud: raw.cloud ?? null,
  regions: raw.regions,
  zones: raw.zones ?? null,
  capacityTypes: raw.capacity_types,
  families: raw.families ?? null,
  types: raw.types ?? null,
  exclude: raw.exclude,
  architectures: raw.architectures ?? null,
  /** In millicores. */
  cpu: raw.cpu ?? { min: 0, max: Number.POSITIVE_INFINITY },
  /** In bytes. */
  memory: raw.memory ?? { min: 0, max: Number.POSITIVE_INFINITY },
  gpus: raw.gpus ?? { min: 0, max: 0 },
  maxOfferings: raw.max_offerings,
  reserved: raw.reserved ?? null,
  maxPods: raw.max_pods,
}));

export type MachinesConfig = z.output<typeof machinesSchema>;
