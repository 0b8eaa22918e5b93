import type { Bounds, OfferingConfig, PoolConfig } from '@forescale/shared/config';
import { fits, subtractResources } from '@forescale/shared/domain';
import { capacityOf, type Fleet, isShort, stayingMachines, type Target } from './fleet.ts';
import type { growthCap } from './growth-cap.ts';
import { cheapestMix, type Gap, type MixSolver, priceFloor } from './mix.ts';
import { overheadOf } from './new-node.ts';
import { offeringSizes, offeringsOfSizes } from './offering-sizes.ts';
import {
  buy,
  cheapestOffering,
  isAllowed,
  offeringId,
  rankedUsdPerHour,
  type Shopping,
  startShopping,
} from './offerings.ts';
import { addShares, NO_SHARES, SHARES, type Shares } from './shares.ts';
import type { Action, PlanState, Reason } from './types.ts';

export interface Growth {
  readonly actions: Action[];
  /** Machines ordered. */
  readonly created: number;
  /** The bound that stopped it short of the target; null when none did. */
  readonly boundBy: string | null;
}

/** What stands around an order, besides what it is for. */
export interface Market {
  readonly pool: PoolConfig;
  readonly bounds: Bounds;
  /** Offerings that can carry what waits. */
  readonly carriers: readonly OfferingConfig[];
  /** So many machines at most, because those before came to nothing; null: no such limit. */
  readonly cap: ReturnType<typeof growthCap>;
  /** Null: machines are chosen one by one. */
  readonly solve: MixSolver | null;
  readonly nowMs: number;
}

/** What is bought, and what kept from buying more. */
interface Basket {
  readonly machines: readonly OfferingConfig[];
  readonly boundBy: string | null;
  /** False: the target is missed all the same. */
  readonly complete: boolean;
}

const EPSILON = 1e-9;

const CAPPED = 'machines that came to nothing';

/** A basket that costs at most this much more than any can is good enough. */
const GOOD_ENOUGH = 1.001;

/** Orders machines until the target is reached or a bound forbids more: the cheapest mix of them. */
export function grow(state: PlanState, fleet: Fleet, market: Market, target: Target, reasons: Reason[]): Growth {
  const { pool } = market;
  if (!isShort(capacityOf(fleet, pool), target)) return { actions: [], created: 0, boundBy: null };
  const basket = fill(state, fleet, market, target);
  if (basket.boundBy === CAPPED && market.cap !== null) reasons.push(market.cap.why);
  if (!basket.complete && basket.boundBy === null)
    reasons.push({ code: 'no-offering', text: 'no offering is both allowed and free of recent failures' });
  const orders = new Map<string, { offering: OfferingConfig; count: number }>();
  for (const offering of basket.machines) {
    const id = offeringId(offering);
    orders.set(id, { offering, count: (orders.get(id)?.count ?? 0) + 1 });
  }
  return {
    actions: [...orders.values()].map(({ offering, count }) => ({
      kind: 'create',
      offering,
      count,
      reason: target.why,
    })),
    created: basket.machines.length,
    boundBy: basket.boundBy,
  };
}

function fill(state: PlanState, fleet: Fleet, market: Market, target: Target): Basket {
  const { pool, bounds, cap, solve, nowMs } = market;
  const fitting = { ...pool, offerings: largeEnough(pool, fleet, market.carriers) };
  const start = () => startShopping(fitting, bounds.spot, state.memory, nowMs, stayingMachines(fleet, pool));
  const greedy = oneByOne(start(), fleet, market, target);
  if (solve === null || cap !== null) return greedy;
  const gap = gapOf(fleet, market, target);
  if (SHARES.every((key) => gap.shares[key] <= 0)) return greedy;
  const shopping = start();
  // Machines of one size differ in price alone: the cheapest that is allowed, again and again, is the best mix.
  const sizes = new Set(shopping.candidates.map(({ shares }) => SHARES.map((key) => shares[key]).join()));
  if (sizes.size === 1) return greedy;
  const usd = rankedUsd(greedy.machines);
  if (greedy.complete && usd <= GOOD_ENOUGH * priceFloor(shopping, gap)) return greedy;
  const machines = cheapestMix(shopping, gap, solve);
  // A solver keeps to its constraints within a tolerance of its own; a ceiling is one to the last machine.
  if (machines === null || usdOf(machines) > gap.usdPerHourMax + EPSILON) return greedy;
  if (greedy.complete && rankedUsd(machines) >= usd - EPSILON) return greedy;
  return { machines, boundBy: null, complete: true };
}

/**
 * Of the machines that can carry each of the pods that wait, those that can carry each that runs here, however well small
 * ones would add up. Pods that fit neither the template nor any machine are not this pool's.
 */
function largeEnough(pool: PoolConfig, fleet: Fleet, carriers: readonly OfferingConfig[]): readonly OfferingConfig[] {
  const { allocatable: template } = pool.template;
  if (!carriers.some((one) => one.allocatable !== null && !fits(template, one.allocatable))) return carriers;
  const overhead = overheadOf(fleet.loads);
  const sizes = offeringSizes(carriers).map((size) => ({
    ...size,
    room: subtractResources(size.allocatable ?? template, overhead),
  }));
  const largest = { cpuMillicores: 0, memoryBytes: 0, pods: 0, gpus: 0 };
  for (const { movable } of fleet.loads) {
    for (const { requests } of movable) {
      if (!sizes.some(({ room }) => fits(requests, room))) continue;
      largest.cpuMillicores = Math.max(largest.cpuMillicores, requests.cpuMillicores);
      largest.memoryBytes = Math.max(largest.memoryBytes, requests.memoryBytes);
      largest.gpus = Math.max(largest.gpus, requests.gpus);
    }
  }
  const large = sizes.filter(({ room }) => fits(largest, room));
  return large.length > 0 ? offeringsOfSizes(large, carriers) : carriers;
}

function gapOf(fleet: Fleet, { pool, bounds }: Market, target: Target): Gap {
  const capacity = capacityOf(fleet, pool);
  return {
    shares: addShares(target.shares, capacity.shares, -1),
    nodes: target.nodes - capacity.nodes,
    nodesMax: bounds.maxNodes.value - fleet.total,
    usdPerHourMax: (bounds.usdPerHourMax?.value ?? Number.POSITIVE_INFINITY) - fleet.usdPerHour,
  };
}

/** The greedy bound: always the machine that closes the gap at the lowest price, until it is closed. */
function oneByOne(shopping: Shopping, fleet: Fleet, market: Market, target: Target): Basket {
  const { pool, bounds, cap } = market;
  const machines: OfferingConfig[] = [];
  const begun = capacityOf(fleet, pool);
  let { shares, nodes } = begun;
  let { total, usdPerHour } = fleet;
  const stopped = (boundBy: string | null): Basket => ({ machines, boundBy, complete: false });
  while (isShort({ shares, nodes }, target)) {
    if (total >= bounds.maxNodes.value) return stopped(`max of ${bounds.maxNodes.from}`);
    if (machines.length >= (cap?.orders ?? Number.POSITIVE_INFINITY)) return stopped(CAPPED);
    const missing = addShares(target.shares, shares, -1);
    const chosen = cheapestOffering(shopping, partOf(shopping, missing), bounds.maxNodes.value - total);
    if (chosen === null) return stopped(null);
    const { offering } = chosen;
    usdPerHour += offering.usdPerHour;
    if (bounds.usdPerHourMax !== null && usdPerHour > bounds.usdPerHourMax.value + EPSILON)
      return stopped(`usd_per_hour_max of ${bounds.usdPerHourMax.from}`);
    machines.push(offering);
    buy(shopping, chosen);
    shares = addShares(shares, chosen.shares);
    nodes++;
    total++;
  }
  return { machines, boundBy: null, complete: true };
}

/** Where spot waits for an on-demand machine beside it, that one is chosen for the part that is not to be spot. */
function partOf(shopping: Shopping, missing: Shares): Shares {
  const spot = shopping.candidates.filter((one) => one.offering.capacityType === 'spot' && one.state === 'free');
  if (spot.length === 0 || spot.some((one) => isAllowed(shopping, one))) return missing;
  return addShares(NO_SHARES, missing, 1 - shopping.spot.share);
}

function usdOf(machines: readonly OfferingConfig[]): number {
  return machines.reduce((sum, one) => sum + one.usdPerHour, 0);
}

function rankedUsd(machines: readonly OfferingConfig[]): number {
  return machines.reduce((sum, one) => sum + rankedUsdPerHour(one), 0);
}
