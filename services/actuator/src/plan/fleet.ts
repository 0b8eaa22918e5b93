import type { PoolConfig } from '@forescale/shared/config';
import { loadOf, type NodeLoad } from './node-load.ts';
import { offeringId, type StayingMachine, unitsOf } from './offerings.ts';
import { isSpared } from './rebalance.ts';
import { addShares, covers, type Shares, sharesOf, sumShares } from './shares.ts';
import type { PlanState, PoolNode, StartingNode } from './types.ts';

/** Safety rule: while more of the cluster's nodes than this are not Ready, something is wrong that no plan mends. */
const UNREADY_SHARE_MAX = 0.45;
const UNREADY_NODES_MAX = 3;

/** The pool's machines, sorted by what a plan may expect of them. */
export interface Fleet {
  /** Carrying load now and to stay: Ready, not cordoned, not about to be reclaimed, not replaced ahead of that. */
  readonly ready: readonly PoolNode[];
  readonly readyUnits: number;
  readonly readyShares: Shares;
  /** Requested, and not yet given up. */
  readonly starting: readonly StartingNode[];
  readonly startingUnits: number;
  readonly startingShares: Shares;
  /** Requested so long ago that they will not come any more. */
  readonly timedOut: readonly StartingNode[];
  readonly interrupted: readonly PoolNode[];
  readonly notReady: readonly PoolNode[];
  /** `draining` and `leaving`. */
  readonly onTheWayOut: number;
  readonly draining: readonly PoolNode[];
  /** Everything that exists or is being created, whatever its state, but what is given up: what `max` counts. */
  readonly total: number;
  /** What that costs. */
  readonly usdPerHour: number;
  /** What of it is neither on its way out nor about to be reclaimed. */
  readonly staying: number;
  readonly stayingUsdPerHour: number;
  /** Of Ready nodes whose pods are known, in the order of `ready`. */
  readonly loads: readonly NodeLoad[];
  /** So many nodes of the cluster are not Ready that none may leave and none is replaced. */
  readonly unhealthy: boolean;
}

export function fleetOf(state: PlanState, pool: PoolConfig, nowMs: number): Fleet {
  const phase = (wanted: PoolNode['phase']) => state.nodes.filter((node) => node.phase === wanted);
  const isInterrupted = (node: PoolNode) => node.interruptedMs !== null;
  const ready = phase('ready').filter((node) => !isInterrupted(node) && !isSpared(node, state, nowMs));
  const isLate = (node: StartingNode) => nowMs - node.requestedMs > pool.registrationTimeoutMs;
  const starting = state.starting.filter((node) => !isLate(node));
  const draining = phase('draining');
  const { nodes, unready } = state.cluster;
  let usdPerHour = 0;
  for (const node of state.nodes) usdPerHour += node.usdPerHour;
  for (const node of starting) usdPerHour += node.offering.usdPerHour;
  const stayingNodes = state.nodes.filter((node) => !isOnTheWayOut(node) && !isInterrupted(node));
  const { allocatable: template } = pool.template;
  const startingShares = sumShares(starting.map(({ offering }) => sharesOf(offering.allocatable, template)));
  let stayingUsdPerHour = 0;
  for (const node of stayingNodes) stayingUsdPerHour += node.usdPerHour;
  for (const node of starting) stayingUsdPerHour += node.offering.usdPerHour;
  return {
    ready,
    readyUnits: sum(ready.map((node) => node.units)),
    readyShares: sumShares(ready.map((node) => sharesOfNode(node, pool))),
    starting,
    startingUnits: startingShares.units,
    startingShares,
    timedOut: state.starting.filter(isLate),
    interrupted: state.nodes.filter((node) => isInterrupted(node) && !isOnTheWayOut(node)),
    notReady: phase('notready'),
    onTheWayOut: state.nodes.filter(isOnTheWayOut).length,
    draining,
    total: state.nodes.length + starting.length,
    usdPerHour,
    staying: stayingNodes.length + starting.length,
    stayingUsdPerHour,
    loads: ready.flatMap((node) => (node.pods === null ? [] : [loadOf(node, node.pods)])),
    unhealthy: unready > Math.max(UNREADY_SHARE_MAX * nodes, UNREADY_NODES_MAX),
  };
}

/** What is to be reached, in template nodes and in machines, and what for. */
export interface Target {
  readonly shares: Shares;
  readonly nodes: number;
  /** "12 nodes for forecast:rps", for the actions. */
  readonly why: string;
}

export interface Capacity {
  readonly shares: Shares;
  readonly nodes: number;
}

/**
 * What may be built on. Ready and starting nodes count; with the cluster unhealthy also those that are not Ready, so
 * that an outage is not answered by growth.
 */
export function capacityOf(fleet: Fleet, pool: PoolConfig): Capacity {
  const excused = fleet.unhealthy ? fleet.notReady : [];
  const here = addShares(fleet.readyShares, fleet.startingShares);
  return {
    shares: addShares(here, sumShares(excused.map((node) => sharesOfNode(node, pool)))),
    nodes: fleet.ready.length + fleet.starting.length + excused.length,
  };
}

export function missesTarget(fleet: Fleet, pool: PoolConfig, target: Target): boolean {
  return isShort(capacityOf(fleet, pool), target);
}

/** Whether a capacity is below the target by more than the rounding of a division. */
export function isShort(capacity: Capacity, target: Target): boolean {
  return capacity.nodes < target.nodes || !covers(capacity.shares, target.shares);
}

export function sharesOfNode(node: PoolNode, pool: PoolConfig): Shares {
  return { ...sharesOf(node.allocatable, pool.template.allocatable), units: node.units };
}

export function isOnTheWayOut(node: PoolNode): boolean {
  return node.phase === 'draining' || node.phase === 'leaving';
}

/** The machines that stay, for whoever buys more. */
export function stayingMachines(fleet: Fleet, pool: PoolConfig): StayingMachine[] {
  const starting = fleet.starting.map(({ offering }) => ({
    capacityType: offering.capacityType,
    offeringId: offeringId(offering),
    units: unitsOf(offering.allocatable, pool.template.allocatable),
  }));
  return [...fleet.ready, ...starting];
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
