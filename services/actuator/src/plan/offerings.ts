import type { OfferingConfig, PoolConfig, SpotConfig } from '@forescale/shared/config';
import type { Resources } from '@forescale/shared/domain';
import type { PlanMemory } from './memory.ts';

/** What a pool buys that declares no offerings: the provider's machine of the template's size, of unknown price. */
const UNDECLARED_OFFERING: OfferingConfig = {
  instanceType: 'template',
  region: 'local',
  zone: 'local',
  capacityType: 'on_demand',
  usdPerHour: 0,
  allocatable: null,
};

const UNITS_SNAP = 0.1;

/** Offerings that cost at most this much more than the cheapest are as good as it, and share the spot machines. */
const SPREAD_PRICE_FACTOR = 1.1;

/** A marked offering is tried again sooner than its mark says when nothing else is left, but not within a minute. */
const LAST_RESORT_AFTER_MS = 60_000;

export function offeringsOf(pool: PoolConfig): readonly OfferingConfig[] {
  return pool.offerings.length > 0 ? pool.offerings : [UNDECLARED_OFFERING];
}

/** "m7g.xlarge/us-east-1/us-east-1a/spot": what failures are remembered by. */
export function offeringId(offering: OfferingConfig): string {
  return `${offering.instanceType}/${offering.region}/${offering.zone}/${offering.capacityType}`;
}

/**
 * How many template nodes a machine stands for: the scarcest of its resources over the template's. Template 4 cores
 * and 16 GiB, machine 8 cores and 24 GiB: min(8 / 4, 24 / 16) = 1.5. Within 10 % of a whole number it is that number,
 * since a kubelet reserves a little of every machine for itself.
 */
export function unitsOf(allocatable: Resources | null, template: Resources): number {
  if (allocatable === null) return 1;
  const fields = ['cpuMillicores', 'memoryBytes', 'pods', 'gpus'] as const;
  const shares = fields.filter((field) => template[field] > 0).map((field) => allocatable[field] / template[field]);
  const units = shares.length === 0 ? 1 : Math.min(...shares);
  const whole = Math.round(units);
  return whole > 0 && Math.abs(units - whole) <= UNITS_SNAP * whole ? whole : units;
}

/** How many of `nodes` machines may be spot: the share of those above the base, rounded down. */
export function spotNodesMax(spot: SpotConfig, nodes: number): number {
  return Math.floor(spot.share * Math.max(0, nodes - spot.onDemandBase) + 1e-9);
}

/** A batch of machines in the making: what there is, what is still missing. */
export interface Shopping {
  readonly pool: PoolConfig;
  readonly spot: SpotConfig;
  readonly memory: PlanMemory;
  readonly nowMs: number;
  /** Machines of each offering that exist or are in the basket, by id. */
  readonly held: Map<string, number>;
  nodes: number;
  spotNodes: number;
}

interface Candidate {
  readonly offering: OfferingConfig;
  readonly id: string;
  readonly usdPerUnit: number;
  readonly held: number;
  readonly retryAtMs: number;
}

/**
 * The machine to buy next for `missingUnits`: the lowest price for what it adds of that. Spot while the policy's share
 * allows one more, spread over offerings of nearly the same price; on demand where it does not, or spot has failed.
 * Null: none is allowed or all have just failed.
 */
export function cheapestOffering(shopping: Shopping, missingUnits: number): OfferingConfig | null {
  const { pool, memory, nowMs } = shopping;
  const spotAllowed = shopping.spotNodes + 1 <= spotNodesMax(shopping.spot, shopping.nodes + 1);
  const candidates: Candidate[] = [];
  for (const offering of offeringsOf(pool)) {
    if (offering.capacityType === 'spot' && !spotAllowed) continue;
    const units = unitsOf(offering.allocatable, pool.template.allocatable);
    if (!(units > 0)) continue;
    const id = offeringId(offering);
    const mark = memory.marks[id];
    candidates.push({
      offering,
      id,
      usdPerUnit: offering.usdPerHour / Math.min(units, Math.max(missingUnits, 1e-9)),
      held: shopping.held.get(id) ?? 0,
      retryAtMs: mark && nowMs < mark.untilMs ? mark.lastFailureMs + LAST_RESORT_AFTER_MS : Number.NEGATIVE_INFINITY,
    });
  }
  const unmarked = candidates.filter((one) => one.retryAtMs === Number.NEGATIVE_INFINITY);
  return best(unmarked.length > 0 ? unmarked : candidates.filter((one) => one.retryAtMs <= nowMs))?.offering ?? null;
}

function best(candidates: readonly Candidate[]): Candidate | null {
  const cheapest = Math.min(...candidates.map((one) => one.usdPerUnit));
  let chosen: Candidate | null = null;
  for (const one of candidates) {
    const isSpot = one.offering.capacityType === 'spot';
    if (one.usdPerUnit > cheapest * (isSpot ? SPREAD_PRICE_FACTOR : 1)) continue;
    if (chosen === null || compare(one, chosen) < 0) chosen = one;
  }
  return chosen;
}

function compare(a: Candidate, b: Candidate): number {
  return a.held - b.held || a.usdPerUnit - b.usdPerUnit || (a.id < b.id ? -1 : 1);
}
