import { NO_PRICE, type OfferingConfig, type PoolConfig, type SpotConfig } from '@forescale/shared/config';
import type { CapacityType, Resources } from '@forescale/shared/domain';
import type { PlanMemory } from './memory.ts';
import { NO_SHARES, SHARES, type Shares, sharesOf } from './shares.ts';

/** What a pool buys that declares no offerings: the provider's machine of the template's size, of unknown price. */
const UNDECLARED_OFFERING: OfferingConfig = {
  provider: '',
  instanceType: 'template',
  region: 'local',
  zone: 'local',
  capacityType: 'on_demand',
  usdPerHour: 0,
  allocatable: null,
  interruption: null,
  price: NO_PRICE,
};

/** Offerings that cost at most this much more than the cheapest are as good as it, and share the spot machines. */
export const SPREAD_PRICE_FACTOR = 1.1;

/** A marked offering is tried again sooner than its mark says when nothing else is left, but not within a minute. */
const LAST_RESORT_AFTER_MS = 60_000;

/** The share of an offering's spot machines that is expected to be taken back in a month: the middle of its band. */
const RECLAIM_SHARES = { '<5%': 0.025, '5-10%': 0.075, '10-15%': 0.125, '15-20%': 0.175, '>20%': 0.25 } as const;

/**
 * A reclaim costs a drain, a boot, and the risk that both are too late: of two spot offerings, one of which 20 % more
 * are taken back in a month is as good as the other where it is 10 % cheaper.
 */
const RECLAIM_PRICE = 0.5;

export function offeringsOf(pool: PoolConfig): readonly OfferingConfig[] {
  return pool.offerings.length > 0 ? pool.offerings : [UNDECLARED_OFFERING];
}

/** Offerings do not change, and every plan would write the ids of hundreds several times. */
const ids = new WeakMap<OfferingConfig, string>();

/** "m7g.xlarge/us-east-1/us-east-1a/spot", in a pool of several providers "aws:m7g.…": what failures are remembered by. */
export function offeringId(offering: OfferingConfig): string {
  const known = ids.get(offering);
  if (known !== undefined) return known;
  const { provider, instanceType, region, zone, capacityType } = offering;
  const id = `${provider === '' ? '' : `${provider}:`}${instanceType}/${region}/${zone}/${capacityType}`;
  ids.set(offering, id);
  return id;
}

/**
 * How many template nodes a machine stands for: the scarcest of its resources over the template's. Template 4 cores
 * and 16 GiB, machine 8 cores and 24 GiB: min(8 / 4, 24 / 16) = 1.5.
 */
export function unitsOf(allocatable: Resources | null, template: Resources): number {
  return sharesOf(allocatable, template).units;
}

/** How many of `nodes` machines may be spot: the share of those above the base, rounded down. */
export function spotNodesMax(spot: Pick<SpotConfig, 'share' | 'onDemandBase'>, nodes: number): number {
  return Math.floor(spot.share * Math.max(0, nodes - spot.onDemandBase) + 1e-9);
}

/** Of a machine, what part is expected to be taken back in a month. One of which nothing is known is taken for the worst. */
export function reclaimShare({ capacityType, interruption }: OfferingConfig): number {
  return capacityType === 'spot' ? RECLAIM_SHARES[interruption ?? '>20%'] : 0;
}

/** The price by which offerings are compared. */
export function rankedUsdPerHour(offering: OfferingConfig): number {
  const known = offering.interruption === null ? 0 : reclaimShare(offering);
  return offering.usdPerHour * (1 + RECLAIM_PRICE * known);
}

/** An offering, and whether it may be had now. */
export interface Candidate {
  readonly offering: OfferingConfig;
  readonly id: string;
  readonly shares: Shares;
  /** `marked`: it has failed, though a while ago: where nothing else is left it is tried again. */
  readonly state: 'free' | 'marked' | 'failed';
}

/** What the policy's share of spot and its risk are reckoned from. */
export interface Tally {
  nodes: number;
  spotNodes: number;
  units: number;
  spotUnits: number;
  /** How many of the machines are expected to be taken back in a month. */
  reclaims: number;
}

/** A batch of machines in the making: what there is, what is in the basket. */
export interface Shopping extends Tally {
  readonly candidates: readonly Candidate[];
  readonly spot: SpotConfig;
  /** Machines of each offering that exist or are in the basket, by id. */
  readonly held: Map<string, number>;
}

/** A machine that stays; `offeringId` null: it is none of the pool's offerings. */
export interface StayingMachine {
  readonly capacityType: CapacityType;
  readonly offeringId: string | null;
  readonly units: number;
}

export function startShopping(
  pool: PoolConfig,
  spot: SpotConfig,
  memory: PlanMemory,
  nowMs: number,
  staying: readonly StayingMachine[],
): Shopping {
  const candidates = offeringsOf(pool).map((offering) => candidateOf(offering, pool, memory, nowMs));
  const held = new Map<string, number>();
  for (const { offeringId: id } of staying) if (id !== null) held.set(id, (held.get(id) ?? 0) + 1);
  return { candidates, spot, held, ...tallyOf(staying, pool) };
}

export function tallyOf(machines: readonly StayingMachine[], pool: PoolConfig): Tally {
  const tally = { nodes: 0, spotNodes: 0, units: 0, spotUnits: 0, reclaims: 0 };
  const reclaims = reclaimsIn(pool);
  for (const machine of machines) count(tally, machine.capacityType, machine.units, reclaims(machine), 1);
  return tally;
}

/** By the offerings of a configuration, as `ids`. */
const reclaimsById = new WeakMap<readonly OfferingConfig[], ReadonlyMap<string, number>>();

/** The expected share of a machine that is taken back in a month; a spot machine of no known offering is the worst. */
export function reclaimsIn(pool: PoolConfig): (machine: StayingMachine) => number {
  const offerings = offeringsOf(pool);
  let known = reclaimsById.get(offerings);
  if (known === undefined) {
    known = new Map(offerings.map((offering) => [offeringId(offering), reclaimShare(offering)]));
    reclaimsById.set(offerings, known);
  }
  const byId = known;
  return ({ capacityType, offeringId: id }) =>
    capacityType === 'spot' ? (byId.get(id ?? '') ?? RECLAIM_SHARES['>20%']) : 0;
}

/** Counts machines in (`by` 1) or out (-1). */
export function count(tally: Tally, type: CapacityType, units: number, reclaims: number, by: 1 | -1): void {
  tally.nodes += by;
  tally.units += by * units;
  tally.reclaims += by * reclaims;
  if (type !== 'spot') return;
  tally.spotNodes += by;
  tally.spotUnits += by * units;
}

/** Puts a machine into the basket. */
export function buy(shopping: Shopping, { id, offering, shares }: Candidate): void {
  shopping.held.set(id, (shopping.held.get(id) ?? 0) + 1);
  count(shopping, offering.capacityType, shares.units, reclaimShare(offering), 1);
}

/**
 * Whether the machines are as the policy has them: its share of spot, of the nodes as of what they carry (else a few tiny
 * on-demand machines would allow for many large ones), and its risk.
 */
export function keepsPolicy({ nodes, spotNodes, units, spotUnits, reclaims }: Tally, spot: SpotConfig): boolean {
  if (spotNodes === 0) return true;
  if (spotNodes > spotNodesMax(spot, nodes) || spotUnits > spot.share * units + 1e-9) return false;
  return reclaims <= spot.riskMax * nodes + 1e-9;
}

/** Whether the policy lets one more machine of the offering be bought. */
export function isAllowed(shopping: Shopping, { offering, shares }: Candidate): boolean {
  if (offering.capacityType !== 'spot') return true;
  const { nodes, spotNodes, units, spotUnits, reclaims } = shopping;
  const after = { nodes, spotNodes, units, spotUnits, reclaims };
  count(after, 'spot', shares.units, reclaimShare(offering), 1);
  return keepsPolicy(after, shopping.spot);
}

function candidateOf(offering: OfferingConfig, pool: PoolConfig, memory: PlanMemory, nowMs: number): Candidate {
  const id = offeringId(offering);
  const mark = memory.marks[id];
  const isFree = !mark || nowMs >= mark.untilMs;
  const state = isFree ? 'free' : nowMs >= mark.lastFailureMs + LAST_RESORT_AFTER_MS ? 'marked' : 'failed';
  return { offering, id, shares: sharesOf(offering.allocatable, pool.template.allocatable), state };
}

/** Those without a recent failure; where all have one, those whose last try is a while ago. */
export function available(candidates: readonly Candidate[]): Candidate[] {
  const useful = candidates.filter((one) => one.shares.units > 0);
  const free = useful.filter((one) => one.state === 'free');
  return free.length > 0 ? free : useful.filter((one) => one.state === 'marked');
}

/**
 * The machine to buy next: the lowest price for what it adds of what is missing. Spot while the policy allows one more,
 * spread over offerings of nearly the same price; on demand where it does not, or spot has failed. Null: none is
 * allowed or all have just failed. `missing`: in units, or of each resource. `nodesMax`: so many machines may still
 * come, so that small ones do not do where they could not close the gap.
 */
export function cheapestOffering(
  shopping: Shopping,
  missing: number | Shares,
  nodesMax = Number.POSITIVE_INFINITY,
): Candidate | null {
  const wanted = typeof missing === 'number' ? { ...NO_SHARES, units: missing } : missing;
  const allowed = shopping.candidates.filter((one) => isAllowed(shopping, one));
  const closing = available(allowed).map((one) => ({ one, closed: closedBy(one.shares, wanted) }));
  const large = closing.filter(({ closed }) => closed * nodesMax >= 1 - 1e-9);
  let cheapest = Number.POSITIVE_INFINITY;
  const priced = (large.length > 0 ? large : closing).map(({ one, closed }) => {
    const usd = rankedUsdPerHour(one.offering) / Math.max(1e-12, closed);
    cheapest = Math.min(cheapest, usd);
    return { one, usd, held: shopping.held.get(one.id) ?? 0 };
  });
  const near = priced.filter(
    ({ usd, one }) => usd <= cheapest * (one.offering.capacityType === 'spot' ? SPREAD_PRICE_FACTOR : 1),
  );
  near.sort((a, b) => a.held - b.held || a.usd - b.usd || (a.one.id < b.one.id ? -1 : 1));
  return near[0]?.one ?? null;
}

/** How much of the gap one machine closes, in [0, 1]: the mean over what is missing, of one node where nothing is. */
function closedBy(shares: Shares, missing: Shares): number {
  let closed = 0;
  let count = 0;
  for (const key of SHARES) {
    if (missing[key] <= 0) continue;
    closed += Math.min(1, shares[key] / missing[key]);
    count++;
  }
  return count === 0 ? Math.min(1, shares.units) : closed / count;
}
