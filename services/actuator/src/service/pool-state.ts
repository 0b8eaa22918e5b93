import { type OfferingConfig, type Override, POOL_LABEL, type PoolConfig } from '@forescale/shared/config';
import type { ClusterNode, ClusterPod, ClusterState } from '@forescale/shared/domain';
import { isQueued, type NodeRecord, offeringOf } from '../execute/index.ts';
import {
  type LearnedCapacity,
  type MeasuredLead,
  type NodePhase,
  offeringId,
  type PlanMemory,
  type PlanState,
  type PoolNode,
  type RejectedForecast,
  type SignalReading,
  unitsOf,
  whyKept,
  whyNotRepaired,
} from '../plan/index.ts';

import type { Held } from '../providers/port.ts';

/** What was gathered for one pool, to be put together for planning. */
export interface Gathered {
  readonly pool: PoolConfig;
  readonly cluster: ClusterState;
  readonly records: readonly NodeRecord[];
  readonly reclaimedMs: ReadonlyMap<string, number>;
  readonly atRiskMs: ReadonlyMap<string, number>;
  /** See `PlanState`; undefined: the pool has machines. */
  readonly held: Held | null | undefined;
  readonly readings: readonly SignalReading[];
  readonly unreadForecasts: readonly RejectedForecast[];
  readonly leadTimeMs: number;
  readonly leadTimes: Readonly<Record<string, MeasuredLead>>;
  readonly capacities: readonly LearnedCapacity[];
  readonly tickMs: number;
  readonly nowMs: number;
  readonly override: Override | null;
  readonly memory: PlanMemory;
  /** The node that Forescale itself runs on, where it is known. */
  readonly homeNode: string | null;
  /** Pending pods that a pool before this one has found places for. */
  readonly servedPodUids: ReadonlySet<string>;
}

/** The picture that a plan is made from: the cluster's nodes and the journal's records, joined by node name. */
export function planState(gathered: Gathered): PlanState {
  const { pool, cluster, records, servedPodUids } = gathered;
  const byName = new Map(records.map((record) => [record.nodeName, record]));
  const starting = new Set(records.filter(isStarting).map((record) => record.nodeName));
  const offered = new Map(pool.offerings.map((one) => [offeringId(one), one]));
  const podsByNode = Map.groupBy(cluster.pods, (pod) => pod.nodeName ?? '');
  return {
    nodes: cluster.nodes
      .filter((node) => !starting.has(node.name) && (byName.has(node.name) || belongs(pool, node)))
      .map((node) => poolNode(gathered, offered, node, byName.get(node.name) ?? null, podsByNode.get(node.name) ?? [])),
    starting: records.filter(isStarting).map((record) => ({
      requestId: record.requestId,
      // Its time to register has not begun.
      requestedMs: isQueued(record) ? gathered.nowMs : record.createdMs,
      queued: isQueued(record),
      offering: atPriceNow(record.offering, offered),
      nodeName: record.registeredMs === null ? null : record.nodeName,
      interruptedMs: gathered.reclaimedMs.get(record.requestId) ?? null,
    })),
    pendingPods: (podsByNode.get('') ?? []).filter((pod) => !pod.terminating && !servedPodUids.has(pod.uid)),
    readings: gathered.readings,
    ...(gathered.held !== undefined && { held: gathered.held }),
    unreadForecasts: gathered.unreadForecasts,
    leadTimeMs: gathered.leadTimeMs,
    leadTimes: gathered.leadTimes,
    capacities: gathered.capacities,
    tickMs: gathered.tickMs,
    cluster: { nodes: cluster.nodes.length, unready: cluster.nodes.filter((node) => !node.ready).length },
    override: gathered.override,
    memory: gathered.memory,
  };
}

function isStarting(record: NodeRecord): boolean {
  return record.state === 'intended' || record.state === 'requested' || record.state === 'registered';
}

export function belongs(pool: PoolConfig, node: ClusterNode): boolean {
  return Object.entries(pool.selector).every(([key, value]) => node.labels[key] === value);
}

/** What was bought costs what its offering costs now; one that is offered no more, what it did. */
function atPriceNow(bought: OfferingConfig, offered: ReadonlyMap<string, OfferingConfig>): OfferingConfig {
  const now = offered.get(offeringId(bought));
  if (now === undefined || now.usdPerHour === bought.usdPerHour) return bought;
  const { price: _, ...rest } = bought;
  return { ...rest, usdPerHour: now.usdPerHour, ...(now.price && { price: now.price }) };
}

function poolNode(
  { pool, reclaimedMs, atRiskMs, homeNode }: Gathered,
  offered: ReadonlyMap<string, OfferingConfig>,
  node: ClusterNode,
  record: NodeRecord | null,
  pods: readonly ClusterPod[],
): PoolNode {
  const offering = record === null ? offeringOf(pool, node) : atPriceNow(record.offering, offered);
  const id = offeringId(offering);
  const isOffered = record !== null || pool.offerings.includes(offering);
  const owned = record !== null || node.labels[POOL_LABEL] === pool.name;
  return {
    name: node.name,
    labels: node.labels,
    taints: node.taints,
    allocatable: node.allocatable,
    units: unitsOf(node.allocatable, pool.template.allocatable),
    pods,
    owned,
    offeringId: isOffered ? id : null,
    instanceType: offering.instanceType,
    zone: offering.zone,
    capacityType: offering.capacityType,
    usdPerHour: offering.usdPerHour,
    createdMs: record?.createdMs ?? node.createdMs,
    phase: phaseOf(node, record),
    keptBecause:
      pool.mode === 'enforce' && record === null
        ? 'no machine of this cluster is known to the provider by its name'
        : whyKept(node, pods, { owned, adopt: pool.scaleDown.adopt, homeNode }),
    interruptedMs: record ? (reclaimedMs.get(record.requestId) ?? null) : null,
    rebalanceMs: record ? (atRiskMs.get(record.requestId) ?? null) : null,
    brokenSinceMs: isRepairable(pool, node, record, homeNode) ? node.readyChangedMs : null,
  };
}

/** In mode `observe` there are no records; there the label says whose it would be. */
function isRepairable(
  pool: PoolConfig,
  node: ClusterNode,
  record: NodeRecord | null,
  homeNode: string | null,
): boolean {
  const owned = pool.mode === 'enforce' ? record !== null : node.labels[POOL_LABEL] === pool.name;
  return !node.ready && whyNotRepaired(node, { owned, homeNode }) === null;
}

function phaseOf(node: ClusterNode, record: NodeRecord | null): NodePhase {
  if (record?.state === 'removing' || record?.drain?.force) return 'leaving';
  if (record?.state === 'draining') return 'draining';
  if (!node.ready) return 'notready';
  return node.unschedulable ? 'cordoned' : 'ready';
}
