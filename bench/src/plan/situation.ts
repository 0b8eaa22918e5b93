import { EMPTY_MEMORY, offeringId, type PlanState, type PoolNode } from '@forescale/actuator/plan';
import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import {
  type ClusterPod,
  FORECAST_LEVELS,
  type Forecast,
  HOSTNAME_LABEL,
  MAX_LEAD_MINUTES,
  type PodRules,
} from '@forescale/shared/domain';

const MINUTE_MS = 60_000;
const GIB = 2 ** 30;
const ZONES = ['a', 'b', 'c'];
const PODS_PER_NODE = 30;
const NODES_PER_PENDING = 5;
const OFFERINGS = 300;
/** Workloads have some 20 pods each. */
const PODS_PER_WORKLOAD = 20;

export const NOW_MS = Date.UTC(2026, 2, 3, 12);

/** What the plan has to do: order for pods that wait, find that nothing is to be done, or let nodes go. */
export const SITUATIONS = ['grow', 'calm', 'shrink'] as const;
export type SituationName = (typeof SITUATIONS)[number];

/** A cluster at one moment, and all else that a plan is made from. */
export interface Situation {
  readonly pool: PoolConfig;
  readonly state: PlanState;
  readonly forecasts: readonly Forecast[];
}

/** By situation: what pods request, the load and its forecast as shares of what the nodes carry. */
const SHAPES: Readonly<Record<SituationName, { cpuMillicores: number; load: number; forecast: number }>> = {
  grow: { cpuMillicores: 120, load: 0.95, forecast: 1.02 },
  calm: { cpuMillicores: 120, load: 0.999, forecast: 0.999 },
  shrink: { cpuMillicores: 50, load: 0.3, forecast: 0.35 },
};

export function situationOf(name: SituationName, nodes: number): Situation {
  const { cpuMillicores, load, forecast } = SHAPES[name];
  const pool = poolOf(nodes);
  const present = fleet(pool, nodes, cpuMillicores);
  const signals = { rps: 100 * nodes, 'requested-cpu': 4_000 * nodes };
  const unneeded = name === 'shrink' ? present.map((node) => [node.name, NOW_MS - 3_600_000]) : [];
  const state: PlanState = {
    nodes: present,
    starting: [],
    pendingPods: name === 'grow' ? pending(nodes) : [],
    readings: Object.entries(signals).map(([signal, full]) => ({ signal, timeMs: NOW_MS, value: load * full })),
    unreadForecasts: [],
    leadTimeMs: 3 * MINUTE_MS,
    leadTimes: Object.fromEntries(pool.offerings.map((one) => [offeringId(one), { p95Ms: 150_000, nodes: 20 }])),
    tickMs: MINUTE_MS,
    cluster: { nodes, unready: 0 },
    override: null,
    memory: { ...EMPTY_MEMORY, unneededSinceMs: Object.fromEntries(unneeded) },
  };
  const forecasts = Object.entries(signals).map(([signal, full]) => flatForecast(signal, forecast * full));
  return { pool, state, forecasts };
}

export const countsOf = (nodes: number) => ({
  nodes,
  pods: nodes * PODS_PER_NODE,
  pending: Math.ceil(nodes / NODES_PER_PENDING),
  offerings: OFFERINGS,
});

function poolOf(nodes: number): PoolConfig {
  const offerings = Array.from({ length: OFFERINGS }, (_, i) => ({
    instance_type: `m${Math.floor(i / 6)}`,
    zone: ZONES[i % 3],
    capacity_type: i % 6 < 3 ? 'on_demand' : 'spot',
    usd_per_hour: (i % 6 < 3 ? 0.2 : 0.07) * (1 + (i % 50) / 50),
    allocatable: { cpu: '4', memory: '16Gi', pods: 110 },
  }));
  const pool = {
    name: 'web',
    signals: [{ name: 'rps', capacity_per_node: 100 }, { name: 'requested-cpu' }],
    template: { labels: { tier: 'web' }, allocatable: { cpu: '4', memory: '16Gi' } },
    bounds: { min_nodes: 1, max_nodes: Math.min(10_000, 2 * nodes) },
    // No more than there is: a calm cluster has nothing to bring back to spot.
    spot: { share: 0.49 },
    offerings,
  };
  const config = parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'bench', {});
  return config.pools[0] as PoolConfig;
}

function fleet(pool: PoolConfig, count: number, cpuMillicores: number): PoolNode[] {
  return Array.from({ length: count }, (_, i): PoolNode => {
    const offering = pool.offerings[i % OFFERINGS] as PoolConfig['offerings'][number];
    const name = `node-${String(i).padStart(5, '0')}`;
    // A pod's size differs by up to a half, and a node's pods belong to workloads that are spread over all nodes.
    const pods = Array.from({ length: PODS_PER_NODE }, (_, p) => {
      const workload = (i * 7 + p * 13) % Math.ceil((count * PODS_PER_NODE) / PODS_PER_WORKLOAD);
      const cpu = Math.round(cpuMillicores * (0.75 + (workload % 6) / 10));
      return podOf(`${name}-${p}`, workload, cpu, { nodeName: name, ...(p === 0 ? { ownerKind: 'DaemonSet' } : {}) });
    });
    return {
      name,
      labels: { tier: 'web', 'topology.kubernetes.io/zone': offering.zone, 'kubernetes.io/arch': 'amd64' },
      taints: [],
      allocatable: { cpuMillicores: 4_000, memoryBytes: 16 * GIB, pods: 110, gpus: 0 },
      units: 1,
      pods,
      owned: true,
      offeringId: offeringId(offering),
      instanceType: offering.instanceType,
      zone: offering.zone,
      capacityType: offering.capacityType,
      usdPerHour: offering.usdPerHour,
      createdMs: NOW_MS - 86_400_000,
      phase: 'ready',
      keptBecause: null,
      interruptedMs: null,
    };
  });
}

/** Of 50 workloads, a tenth of the pods keeping apart or spreading. */
function pending(nodes: number): ClusterPod[] {
  return Array.from({ length: Math.ceil(nodes / NODES_PER_PENDING) }, (_, i) =>
    podOf(`pending-${i}`, i % 50, 200 + (i % 50) * 30),
  );
}

function podOf(name: string, workload: number, cpuMillicores: number, overrides: Partial<ClusterPod> = {}): ClusterPod {
  return {
    namespace: 'default',
    name,
    uid: name,
    createdMs: NOW_MS - 600_000,
    nodeName: null,
    phase: 'Pending',
    unschedulable: true,
    terminating: false,
    requests: { cpuMillicores, memoryBytes: GIB / 4, pods: 1, gpus: 0 },
    labels: { app: `app-${workload}`, 'pod-template-hash': '5d5c8bd5f4' },
    annotations: {},
    nodeSelector: { tier: 'web' },
    tolerations: ['not-ready', 'unreachable'].map((state) => ({
      key: `node.kubernetes.io/${state}`,
      operator: 'Exists',
      value: '',
      effect: 'NoExecute',
    })),
    rules: workload % 10 === 3 ? rulesOf(workload) : null,
    priority: 0,
    ownerKind: 'ReplicaSet',
    localStorage: false,
    ...overrides,
  };
}

function rulesOf(workload: number): PodRules {
  const rule = {
    topologyKey: HOSTNAME_LABEL,
    pods: {
      namespaces: ['default'],
      requirements: [{ key: 'app', operator: 'In' as const, values: [`app-${workload}`] }],
    },
  };
  const none: PodRules = { nodeTerms: [], apartFrom: [], besides: [], spread: [] };
  return workload % 20 === 3 ? { ...none, apartFrom: [rule] } : { ...none, spread: [{ ...rule, maxSkew: 1 }] };
}

function flatForecast(signal: string, value: number): Forecast {
  return {
    pool: 'web',
    signal,
    issuedMs: NOW_MS,
    validUntilMs: NOW_MS + 10 * MINUTE_MS,
    stepMs: MINUTE_MS,
    levels: FORECAST_LEVELS,
    timesMs: Array.from({ length: 60 }, (_, step) => NOW_MS + (step + 1) * MINUTE_MS),
    quantiles: FORECAST_LEVELS.map(() => Array.from({ length: 60 }, () => value)),
    maxQuantiles: FORECAST_LEVELS.map(() => MAX_LEAD_MINUTES.map(() => value)),
    model: 'flat',
    backend: 'cpu',
    weights: { flat: 1 },
    accuracy: null,
  };
}
