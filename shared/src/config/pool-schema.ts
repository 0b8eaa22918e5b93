import type { z } from 'zod';
import { type CalendarConfig, calendarSchema } from './calendar-schema.ts';
import { choice, duration, flag, integer, labels, list, name, number, section, taint, text, zone } from './issues.ts';
import { type MachinesConfig, machinesSchema } from './machines-schema.ts';
import { type OfferingConfig, offeringSchema, refuseUnknownSellers, resourcesSchema } from './offering-schema.ts';
import {
  policiesSchema,
  poolBoundsSchema,
  type RawPolicies,
  spotSchema,
  type WindowPolicy,
  windowPolicies,
} from './policy-schema.ts';
import { completeProvider, type ProviderConfig, providerSchema, providersOf } from './providers/index.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A signal whose forecast asks for nodes. */
const signalSchema = section({
  name,
  /** A counter only grows, and begins again near 0 with its process: what counts is its growth per second. */
  kind: choice(['gauge', 'counter']).default('gauge'),
  aggregate: choice(['sum', 'mean', 'max', 'last']).default('sum'),
  interval: duration(1_000, DAY_MS, 'from 1s to 1d').default(MINUTE_MS),
  unit: text(/^\P{Cc}{0,32}$/u, 'a unit of at most 32 characters').default(''),
  capacity_per_node: number(1e-9, 1e15).optional(),
}).transform((raw) => ({
  name: raw.name,
  kind: raw.kind,
  aggregate: raw.aggregate,
  intervalMs: raw.interval,
  unit: raw.unit,
  capacityPerNode: raw.capacity_per_node ?? null,
}));

const templateSchema = section({
  labels: labels.default({}),
  taints: list(taint, 0, 100, 'taints').default([]),
  allocatable: resourcesSchema.default({ cpuMillicores: 4_000, memoryBytes: 16 * 2 ** 30, pods: 110, gpus: 0 }),
});

const forecastSchema = section({
  enabled: flag.default(true),
  horizon: duration(5 * MINUTE_MS, 7 * DAY_MS, 'from 5m to 7d').default(HOUR_MS),
  history: duration(HOUR_MS, 366 * DAY_MS, 'from 1h to 366d').default(28 * DAY_MS),
  valid_for: duration(MINUTE_MS, DAY_MS, 'from 1m to 1d').default(10 * MINUTE_MS),
  retrain_every: duration(MINUTE_MS, 30 * DAY_MS, 'from 1m to 30d').default(DAY_MS),
  train_budget: duration(1_000, HOUR_MS, 'from 1s to 1h').default(MINUTE_MS),
  backend: choice(['auto', 'tensorflow', 'wasm', 'cpu']).default('auto'),
  timezone: zone.optional(),
  calendar: calendarSchema.optional(),
}).transform((raw) => ({
  enabled: raw.enabled,
  horizonMs: raw.horizon,
  historyMs: raw.history,
  validForMs: raw.valid_for,
  retrainEveryMs: raw.retrain_every,
  trainBudgetMs: raw.train_budget,
  backend: raw.backend,
  timezone: raw.timezone ?? null,
  calendar: raw.calendar ?? null,
}));

const scaleDownSchema = section({
  enabled: flag.default(true),
  unneeded: duration(0, DAY_MS, 'from 0s to 1d').default(10 * MINUTE_MS),
  after_scale_up: duration(0, DAY_MS, 'from 0s to 1d').default(10 * MINUTE_MS),
  after_failure: duration(0, DAY_MS, 'from 0s to 1d').default(3 * MINUTE_MS),
  utilisation_below: number(0, 1).default(0.5),
  max_parallel: integer(1, 1_000).default(10),
  drain_grace: duration(0, DAY_MS, 'from 0s to 1d').default(10 * MINUTE_MS),
  min_billing: duration(0, DAY_MS, 'from 0s to 1d').default(0),
  adopt: flag.default(false),
  consolidate: flag.default(false),
}).transform((raw) => ({
  enabled: raw.enabled,
  unneededMs: raw.unneeded,
  afterScaleUpMs: raw.after_scale_up,
  afterFailureMs: raw.after_failure,
  utilisationBelow: raw.utilisation_below,
  maxParallel: raw.max_parallel,
  drainGraceMs: raw.drain_grace,
  minBillingMs: raw.min_billing,
  adopt: raw.adopt,
  consolidate: raw.consolidate,
}));

/** Nodes of ours that were Ready and have not been for `unready_after` are taken away, one at a time. */
const repairSchema = section({
  enabled: flag.default(true),
  unready_after: duration(MINUTE_MS, DAY_MS, 'from 1m to 1d').default(20 * MINUTE_MS),
}).transform((raw) => ({ enabled: raw.enabled, unreadyAfterMs: raw.unready_after }));

const poolShape = {
  name: name.default('default'),
  mode: choice(['observe', 'enforce']).default('observe'),
  provider: providerSchema.default({ kind: 'none' }),
  /** Labels of the nodes that belong to the pool; by default those that Forescale gives to nodes it creates. */
  selector: labels.optional(),
  template: templateSchema.prefault({}),
  offerings: list(offeringSchema, 0, 1_000, 'offerings').default([]),
  machines: list(machinesSchema, 0, 20, 'sections').default([]),
  signals: list(signalSchema, 0, 32, 'signals').optional(),
  capacity_per_node: number(1e-9, 1e15).optional(),
  /** `auto`: learned for signals that declare none; `declared`: those are ignored. */
  capacity: choice(['auto', 'declared']).default('auto'),
  shortage_cost_ratio: number(0.01, 1e6).default(19),
  priority: integer(-1_000, 1_000).default(0),
  /** `ignore`: acts although another autoscaler seems to own the nodes, as where a managed node group has a fixed size. */
  single_writer: choice(['check', 'ignore']).default('check'),
  bounds: poolBoundsSchema.prefault({}),
  policies: policiesSchema.optional(),
  spot: spotSchema.prefault({}),
  forecast: forecastSchema.prefault({}),
  scale_down: scaleDownSchema.prefault({}),
  repair: repairSchema.prefault({}),
  /** What a node takes from request to Ready until that was measured. */
  lead_time: duration(1_000, HOUR_MS, 'from 1s to 1h').default(3 * MINUTE_MS),
  registration_timeout: duration(MINUTE_MS, 2 * HOUR_MS, 'from 1m to 2h').default(15 * MINUTE_MS),
};

export const poolSchema = section(poolShape).superRefine((raw, context) => {
  if (raw.mode === 'enforce' && raw.provider.kind === 'none') {
    context.addIssue({
      code: 'custom',
      path: ['provider'],
      message: 'allowed in mode enforce: a provider that can create nodes',
    });
  }
  refuseUnknownSellers(raw.provider, 'offerings', raw.offerings, context);
  refuseUnknownSellers(raw.provider, 'machines', raw.machines, context);
  const seen = new Set<string>();
  for (const [index, signal] of (raw.signals ?? []).entries()) {
    if (seen.has(signal.name)) {
      context.addIssue({ code: 'custom', path: ['signals', index, 'name'], message: 'allowed: each signal once' });
    }
    seen.add(signal.name);
  }
});

/** The label that Forescale gives to every node it creates; its value is the pool's name. */
export const POOL_LABEL = 'forescale.dev/pool';

/** Signals that the collector derives from the Kubernetes API by itself, pending pods included. */
export const DEFAULT_SIGNALS = ['requested-cpu', 'requested-memory', 'requested-pods'] as const;

export type SignalConfig = z.output<typeof signalSchema>;
export type ScaleDownConfig = z.output<typeof scaleDownSchema>;

/** How the load is forecast; the zone and the days that people live by are complete. */
export type ForecastConfig = Omit<z.output<typeof forecastSchema>, 'timezone' | 'calendar'> & {
  readonly timezone: string;
  readonly calendar: CalendarConfig;
};
export type SpotConfig = z.output<typeof spotSchema>;

/** One pool, complete: what the configuration says and the defaults where it is silent. */
export interface PoolConfig {
  readonly name: string;
  readonly mode: 'observe' | 'enforce';
  readonly provider: ProviderConfig;
  readonly selector: Readonly<Record<string, string>>;
  readonly template: z.output<typeof templateSchema>;
  /** As configured; completed by what `machines` asks for where they are put to use. */
  readonly offerings: readonly OfferingConfig[];
  readonly machines: readonly MachinesConfig[];
  readonly signals: readonly SignalConfig[];
  readonly capacity: 'auto' | 'declared';
  readonly shortageCostRatio: number;
  readonly priority: number;
  readonly singleWriter: 'check' | 'ignore';
  readonly bounds: z.output<typeof poolBoundsSchema>;
  readonly policies: readonly WindowPolicy[];
  readonly spot: SpotConfig;
  readonly forecast: ForecastConfig;
  readonly scaleDown: ScaleDownConfig;
  readonly repair: z.output<typeof repairSchema>;
  readonly leadTimeMs: number;
  readonly registrationTimeoutMs: number;
}

/** What pools inherit from the root. */
interface Inherited {
  readonly policies: RawPolicies;
  readonly timezone: string;
  readonly calendar: CalendarConfig;
  readonly kubernetes: { readonly namespace: string };
}

/** Fills in what a pool inherits: policies, time zone, calendar and namespace. */
export function completePool(
  raw: z.output<typeof poolSchema>,
  { policies, timezone, calendar, kubernetes }: Inherited,
): PoolConfig {
  const [firstProvider = ''] = providersOf(raw.provider).keys();
  const signals = raw.signals ?? DEFAULT_SIGNALS.map((signal) => signalSchema.parse({ name: signal }));
  return {
    name: raw.name,
    mode: raw.mode,
    provider: completeProvider(raw.provider, kubernetes.namespace),
    selector: raw.selector ?? { [POOL_LABEL]: raw.name },
    template: raw.template,
    offerings: raw.offerings.map((one) => ({ ...one, provider: one.provider || firstProvider })),
    machines: raw.machines.map((one) => ({ ...one, provider: one.provider || firstProvider })),
    signals: signals.map((signal) => ({
      ...signal,
      capacityPerNode: signal.capacityPerNode ?? declaredCapacity(signal.name, raw),
    })),
    capacity: raw.capacity,
    shortageCostRatio: raw.shortage_cost_ratio,
    priority: raw.priority,
    singleWriter: raw.single_writer,
    bounds: raw.bounds,
    policies: windowPolicies(raw.policies ?? policies, timezone),
    spot: raw.spot,
    forecast: {
      ...raw.forecast,
      timezone: raw.forecast.timezone ?? timezone,
      calendar: raw.forecast.calendar ?? calendar,
    },
    scaleDown: raw.scale_down,
    repair: raw.repair,
    leadTimeMs: raw.lead_time,
    registrationTimeoutMs: raw.registration_timeout,
  };
}

/** What one node carries of a signal: its allocatable for the derived signals, else the pool's capacity_per_node. */
function declaredCapacity(signal: string, raw: z.output<typeof poolSchema>): number | null {
  const { allocatable } = raw.template;
  if (signal === 'requested-cpu') return allocatable.cpuMillicores;
  if (signal === 'requested-memory') return allocatable.memoryBytes;
  if (signal === 'requested-pods') return allocatable.pods;
  return raw.capacity_per_node ?? null;
}
