import type { Bounds, OfferingConfig, PoolConfig } from '@forescale/shared/config';
import { capacityOf, type Fleet, heldOfferings, isShort, type Target } from './fleet.ts';
import { cheapestOffering, offeringId, type Shopping, unitsOf } from './offerings.ts';
import type { Action, PlanState, Reason } from './types.ts';

export interface Growth {
  readonly actions: Action[];
  /** Machines ordered. */
  readonly created: number;
  /** The bound that stopped it short of the target; null when none did. */
  readonly boundBy: string | null;
}

const EPSILON = 1e-9;

/** Orders machines until the target is reached or a bound forbids more. */
export function grow(
  state: PlanState,
  fleet: Fleet,
  pool: PoolConfig,
  bounds: Bounds,
  target: Target,
  nowMs: number,
  reasons: Reason[],
): Growth {
  const { basket, boundBy } = shop(state, fleet, pool, bounds, target, nowMs, reasons);
  const orders = [...basket.values()];
  return {
    actions: orders.map(({ offering, count }) => ({ kind: 'create', offering, count, reason: target.why })),
    created: orders.reduce((sum, { count }) => sum + count, 0),
    boundBy,
  };
}

type Basket = Map<string, { offering: OfferingConfig; count: number }>;

function shop(
  state: PlanState,
  fleet: Fleet,
  pool: PoolConfig,
  bounds: Bounds,
  target: Target,
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
  const capacity = capacityOf(fleet);
  let { total, usdPerHour } = fleet;
  while (isShort(capacity, target)) {
    if (total >= bounds.maxNodes.value) return { basket, boundBy: `max of ${bounds.maxNodes.from}` };
    const offering = cheapestOffering(shopping, target.units > capacity.units ? target.units - capacity.units : 1);
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
    capacity.units += unitsOf(offering.allocatable, pool.template.allocatable);
    capacity.nodes++;
    total++;
  }
  return { basket, boundBy: null };
}
