import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import { type ClusterPod, FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import { EMPTY_MEMORY } from './memory.ts';
import { offeringId, offeringsOf, unitsOf } from './offerings.ts';
import type { Plan, PlanState, PoolNode, StartingNode } from './types.ts';

const MINUTE_MS = 60_000;

/** Tuesday, 2026-03-03, 12:00 UTC. */
export const NOON = Date.UTC(2026, 2, 3, 12);

/** A pool whose nodes carry 100 of the signal `rps`; the rest as the configuration file would say it. */
export function poolOf(overrides: object = {}, root: object = {}): PoolConfig {
  const pool = {
    name: 'web',
    signals: [{ name: 'rps', capacity_per_node: 100 }],
    template: { allocatable: { cpu: '4', memory: '16Gi' } },
    bounds: { min_nodes: 1, max_nodes: 20 },
    ...overrides,
  };
  const text = JSON.stringify({ autoscaler: { pools: [pool], ...root } });
  return parseConfig(text, 'test', {}).pools[0] as PoolConfig;
}

export function nodeOf(name: string, overrides: Partial<PoolNode> = {}): PoolNode {
  return {
    name,
    labels: {},
    taints: [],
    allocatable: { cpuMillicores: 4_000, memoryBytes: 16 * 2 ** 30, pods: 110, gpus: 0 },
    units: 1,
    pods: null,
    owned: true,
    offeringId: null,
    instanceType: 'm',
    zone: 'a',
    capacityType: 'on_demand',
    usdPerHour: 0.1,
    createdMs: NOON - 86_400_000,
    phase: 'ready',
    keptBecause: null,
    interruptedMs: null,
    ...overrides,
  };
}

export function nodesOf(count: number, overrides: Partial<PoolNode> = {}): PoolNode[] {
  return Array.from({ length: count }, (_, i) => nodeOf(`node-${String(i).padStart(5, '0')}`, overrides));
}

export function startingOf(pool: PoolConfig, count: number, requestedMs: number): StartingNode[] {
  const offering = offeringsOf(pool)[0] as StartingNode['offering'];
  return Array.from({ length: count }, (_, i) => ({
    requestId: `r-${requestedMs}-${i}`,
    requestedMs,
    offering,
    nodeName: null,
  }));
}

/** `rps` read at `nowMs`; null: never. */
export function stateOf(rps: number | null, overrides: Partial<PlanState> = {}, nowMs = NOON): PlanState {
  const nodes = overrides.nodes ?? [];
  return {
    nodes,
    starting: [],
    pendingPods: [],
    readings: rps === null ? [] : [{ signal: 'rps', timeMs: nowMs, value: rps }],
    unreadForecasts: [],
    leadTimeMs: 3 * MINUTE_MS,
    tickMs: MINUTE_MS,
    cluster: { nodes: nodes.length, unready: 0 },
    override: null,
    memory: EMPTY_MEMORY,
    ...overrides,
  };
}

let podCount = 0;

export function podOf(cpuMillicores: number, overrides: Partial<ClusterPod> = {}): ClusterPod {
  const name = `pod-${podCount++}`;
  return {
    namespace: 'default',
    name,
    uid: name,
    createdMs: NOON,
    nodeName: null,
    phase: 'Pending',
    unschedulable: true,
    terminating: false,
    requests: { cpuMillicores, memoryBytes: 2 ** 30, pods: 1, gpus: 0 },
    labels: {},
    annotations: {},
    nodeSelector: {},
    tolerations: [],
    rules: null,
    priority: 0,
    ownerKind: 'ReplicaSet',
    localStorage: false,
    ...overrides,
  };
}

/**
 * A forecast whose median rises from `value` by `slopePerMinute`, an hour in steps of a minute. The level p lies
 * `spread * p` above it, and a maximum `maxExtra` above the value at the end of its window.
 */
export function forecastOf(
  value: number,
  shape: { slopePerMinute?: number; spread?: number; maxExtra?: number } = {},
  overrides: Partial<Forecast> = {},
): Forecast {
  const { slopePerMinute = 0, spread = 0, maxExtra = 0 } = shape;
  const issuedMs = overrides.issuedMs ?? NOON;
  const at = (minutes: number, level: number) => value + slopePerMinute * minutes + spread * level;
  // A step's value is the mean over it, which a straight line has in its middle.
  const quantiles = FORECAST_LEVELS.map((level) => Array.from({ length: 60 }, (_, step) => at(step + 0.5, level)));
  const highest = (minutes: number) => (slopePerMinute > 0 ? minutes : 0);
  return {
    pool: 'web',
    signal: 'rps',
    issuedMs,
    validUntilMs: issuedMs + 10 * MINUTE_MS,
    stepMs: MINUTE_MS,
    levels: FORECAST_LEVELS,
    timesMs: Array.from({ length: 60 }, (_, step) => issuedMs + (step + 1) * MINUTE_MS),
    quantiles,
    maxQuantiles: FORECAST_LEVELS.map((level) =>
      MAX_LEAD_MINUTES.map((minutes) => at(highest(minutes), level) + maxExtra),
    ),
    model: 'test',
    backend: 'cpu',
    weights: { test: 1 },
    accuracy: { wql: 0.1, mase: 0.8, coverage90: 0.9, coverage99: 0.99, relativeError: 0.7, hours: 24 },
    ...overrides,
  };
}

/** The state right after the actions were begun: machines requested, drains under way. */
export function applied(state: PlanState, { actions, memory }: Plan, nowMs: number): PlanState {
  let { nodes, starting } = state;
  const setPhase = (name: string, phase: PoolNode['phase']) => {
    nodes = nodes.map((node) => (node.name === name ? { ...node, phase } : node));
  };
  for (const action of actions) {
    if (action.kind === 'create') {
      const made = Array.from({ length: action.count }, (_, i) => ({
        requestId: `${offeringId(action.offering)}-${nowMs}-${starting.length + i}`,
        requestedMs: nowMs,
        offering: action.offering,
        nodeName: null,
      }));
      starting = [...starting, ...made];
    } else if (action.kind === 'drain') setPhase(action.nodeName, action.force ? 'leaving' : 'draining');
    else if (action.kind === 'cancel-drain') setPhase(action.nodeName, 'ready');
    else if (action.kind === 'cancel-start') starting = starting.filter((one) => one.requestId !== action.requestId);
  }
  return { ...state, nodes, starting, memory };
}

/** All that was starting is Ready, all that was draining is gone. */
export function settled(state: PlanState, pool: PoolConfig): PlanState {
  const made = state.starting.map(({ requestId, offering, requestedMs }) =>
    nodeOf(requestId, {
      createdMs: requestedMs,
      offeringId: offeringId(offering),
      capacityType: offering.capacityType,
      usdPerHour: offering.usdPerHour,
      units: unitsOf(offering.allocatable, pool.template.allocatable),
    }),
  );
  const nodes = [...state.nodes.filter((node) => node.phase !== 'draining' && node.phase !== 'leaving'), ...made];
  return { ...state, nodes, starting: [], cluster: { nodes: nodes.length, unready: 0 } };
}
