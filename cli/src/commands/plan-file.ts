import { readFile } from 'node:fs/promises';
import { EMPTY_MEMORY, type PlanState, planMemorySchema } from '@forescale/actuator/plan';
import { INTERRUPTION_BANDS, type PoolConfig, priceOriginSchema } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { forecastSchema, parseWire, WireError } from '@forescale/shared/wire';
import { z } from 'zod';
import { UsageError } from '../output/usage.ts';

const time = z.number().min(0);
const texts = z.record(z.string(), z.string()).default({});
const taints = z
  .array(
    z.object({
      key: z.string(),
      value: z.string().default(''),
      effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
    }),
  )
  .default([]);
const resources = z.object({
  cpuMillicores: z.number().min(0),
  memoryBytes: z.number().min(0),
  pods: z.number().min(0),
  gpus: z.number().min(0).default(0),
});

const requirements = z.array(
  z.object({
    key: z.string(),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
    values: z.array(z.string()),
  }),
);
const neighbours = z.object({
  topologyKey: z.string(),
  pods: z.object({ namespaces: z.array(z.string()).nullable(), requirements }),
});
const rules = z.object({
  nodeTerms: z.array(requirements),
  apartFrom: z.array(neighbours),
  besides: z.array(neighbours),
  spread: z.array(neighbours.extend({ maxSkew: z.number().min(1) })),
});

const pod = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  createdMs: time,
  nodeName: z.string().nullable(),
  phase: z.enum(['Pending', 'Running', 'Unknown']),
  unschedulable: z.boolean(),
  terminating: z.boolean(),
  requests: resources,
  labels: texts,
  annotations: texts,
  nodeSelector: texts,
  tolerations: z.array(
    z.object({
      key: z.string().nullable(),
      operator: z.enum(['Equal', 'Exists']),
      value: z.string(),
      effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).nullable(),
    }),
  ),
  rules: rules.nullable().default(null),
  priority: z.number(),
  ownerKind: z.string().nullable(),
  localStorage: z.boolean(),
});

const capacityType = z.enum(['on_demand', 'spot']);

const node = z.object({
  name: z.string(),
  labels: texts,
  taints,
  allocatable: resources,
  units: z.number().positive(),
  pods: z.array(pod).nullable(),
  owned: z.boolean(),
  offeringId: z.string().nullable(),
  instanceType: z.string(),
  zone: z.string(),
  capacityType,
  usdPerHour: z.number().min(0),
  createdMs: time,
  phase: z.enum(['ready', 'notready', 'cordoned', 'draining', 'leaving']),
  keptBecause: z.string().nullable(),
  interruptedMs: time.nullable(),
  rebalanceMs: time.nullable().default(null),
  brokenSinceMs: time.nullable().default(null),
});

const offering = z.object({
  provider: z.string().default(''),
  instanceType: z.string(),
  region: z.string(),
  zone: z.string(),
  capacityType,
  usdPerHour: z.number().min(0),
  allocatable: resources.nullable(),
  interruption: z.enum(INTERRUPTION_BANDS).nullable().default(null),
  price: priceOriginSchema.exactOptional(),
});

const held = z.object({
  replicas: z.number().int().min(0),
  size: z
    .object({ cpuMillicores: z.number().min(0), memoryBytes: z.number().min(0), gpus: z.number().min(0) })
    .nullable(),
  generation: z.number().int().min(0).default(0),
  problem: z.string().nullable(),
});

/** What `forescale plan --json` writes and `--state` reads: everything that a plan is made from but the configuration. */
const planFileSchema = z.object({
  at_ms: time,
  state: z.object({
    nodes: z.array(node).max(100_000),
    starting: z
      .array(z.object({ requestId: z.string(), requestedMs: time, offering, nodeName: z.string().nullable() }))
      .max(100_000),
    pendingPods: z.array(pod).max(1_000_000),
    readings: z.array(z.object({ signal: z.string(), timeMs: time, value: z.number() })).max(1_000),
    unreadForecasts: z
      .array(z.object({ signal: z.string(), reason: z.string() }))
      .max(1_000)
      .default([]),
    leadTimeMs: z.number().positive(),
    leadTimes: z.record(z.string(), z.object({ p95Ms: z.number().min(0), nodes: z.number().min(1) })).default({}),
    capacities: z
      .array(z.object({ signal: z.string(), perNode: z.number().positive().nullable(), why: z.string() }))
      .max(1_000)
      .default([]),
    held: held.nullable().exactOptional(),
    tickMs: z.number().positive(),
    cluster: z.object({ nodes: z.number().min(0), unready: z.number().min(0) }),
    override: z
      .object({
        minNodes: z.number().nullable(),
        maxNodes: z.number().nullable(),
        paused: z.boolean(),
        untilMs: time,
        by: z.string(),
        why: z.string(),
      })
      .nullable(),
    memory: planMemorySchema.default(EMPTY_MEMORY),
  }),
  /** As on the bus. */
  forecasts: z.array(forecastSchema).max(1_000),
});

export interface PlanFile {
  readonly nowMs: number;
  readonly state: PlanState;
  readonly forecasts: readonly Forecast[];
}

/** Reads a recorded state; a file of several pools is told apart by name. Rejects with `UsageError`. */
export async function readPlanFile(path: string, pool: PoolConfig): Promise<PlanFile> {
  try {
    const raw: unknown = JSON.parse(await readFile(path, 'utf8'));
    const pools = parseWire(raw, z.object({ pools: z.record(z.string(), z.unknown()) })).pools;
    const { at_ms, state, forecasts } = parseWire(pools[pool.name], planFileSchema);
    return { nowMs: at_ms, state, forecasts };
  } catch (error) {
    const why = error instanceof WireError ? error.message : ((error as NodeJS.ErrnoException).code ?? 'not JSON');
    throw new UsageError(`--state ${path}: pool ${pool.name}: ${why}`, { cause: error });
  }
}
