import type { Bounds, OfferingConfig, PoolConfig } from '@forescale/shared/config';
import { type Fleet, heldOfferings } from './fleet.ts';
import { cheapestOffering, offeringId, type Shopping, unitsOf } from './offerings.ts';
import type { Action, PlanState, Reason } from './types.ts';

/** What is to be reached, in template nodes and in machines, and what for. */
export interface Target {
  readonly units: number;
  readonly nodes: number;
  /** "12 nodes for forecast:rps", for the actions. */
  readonly why: string;
}

export interface Growth {
  readonly actions: Action[];
  /** Machines ordered. */
  readonly created: number;
  /** The bound that stopped it short of the target; null when none did. */
  readonly boundBy: string | null;
}

const EPSILON = 1e-9;

/**
 * Takes back drains, then orders machines, until the target is reached or a bound forbids more. Ready and starting
 * nodes count; with the cluster unhealthy also those that are not Ready, so that an outage is not answered by growth.
 */
export function grow(
  state: PlanState,
  fleet: Fleet,
  pool: PoolConfig,
  bounds: Bounds,
  target: Target,
  nowMs: number,
  reasons: Reason[],
): Growth {
  const actions: Action[] = [];
  const excused = fleet.unhealthy ? fleet.notReady : [];
  let units = fleet.readyUnits + fleet.startingUnits;
  for (const node of excused) units += node.units;
  let nodes = fleet.ready.length + fleet.starting.length + excused.length;
  const short = () => units + EPSILON * Math.max(1, units) < target.units || nodes < target.nodes;

  // Machines on their way out count until they are gone, so one that stays after all adds nothing to the total.
  let staying = fleet.total - fleet.onTheWayOut;
  for (const node of [...fleet.draining].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!short() || staying >= bounds.maxNodes.value || node.interruptedMs !== null) break;
    actions.push({ kind: 'cancel-drain', nodeName: node.name, reason: `wanted again: ${target.why}` });
    units += node.units;
    nodes++;
    staying++;
  }
  if (!short()) return { actions, created: 0, boundBy: null };
  const { basket, boundBy } = shop(state, fleet, pool, bounds, target, { units, nodes }, nowMs, reasons);
  let created = 0;
  for (const { offering, count } of basket.values()) {
    created += count;
    actions.push({ kind: 'create', offering, count, reason: target.why });
  }
  return { actions, created, boundBy };
}

type Basket = Map<string, { offering: OfferingConfig; count: number }>;

function shop(
  state: PlanState,
  fleet: Fleet,
  pool: PoolConfig,
  bounds: Bounds,
  target: Target,
  from: { readonly units: number; readonly nodes: number },
  nowMs: number,
  reasons: Reason[],
): { basket: Basket; boundBy: string | null } {
  const staying = [
    ...fleet.ready.map((node) => node.capacityType),
    ...fleet.starting.map((s) => s.offering.capacityType),
  ];
  const shopping: Shopping = {
    pool,
    spot: bounds.spot,
    memory: state.memory,
    nowMs,
    held: heldOfferings(fleet),
    nodes: staying.length,
    spotNodes: staying.filter((type) => type === 'spot').length,
  };
  const basket: Basket = new Map();
  let { units, nodes } = from;
  let { total, usdPerHour } = fleet;
  while (units + EPSILON * Math.max(1, units) < target.units || nodes < target.nodes) {
    if (total >= bounds.maxNodes.value) return { basket, boundBy: `max of ${bounds.maxNodes.from}` };
    const offering = cheapestOffering(shopping, target.units > units ? target.units - units : 1);
    if (offering === null) {
      reasons.push({ code: 'no-offering', text: 'no offering is both allowed and free of recent failures' });
      return { basket, boundBy: null };
    }
    usdPerHour += offering.usdPerHour;
    if (bounds.usdPerHourMax !== null && usdPerHour > bounds.usdPerHourMax.value + EPSILON) {
      return { basket, boundBy: `usd_per_hour_max of ${bounds.usdPerHourMax.from}` };
    }
    const id = offeringId(offering);
    const entry = basket.get(id) ?? { offering, count: 0 };
    entry.count++;
    basket.set(id, entry);
    shopping.held.set(id, (shopping.held.get(id) ?? 0) + 1);
    shopping.nodes++;
    if (offering.capacityType === 'spot') shopping.spotNodes++;
    units += unitsOf(offering.allocatable, pool.template.allocatable);
    nodes++;
    total++;
  }
  return { basket, boundBy: null };
}
