import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import { subtractResources } from '@forescale/shared/domain';
import { type Fleet, sharesOfNode } from './fleet.ts';
import { Neighbours } from './neighbours.ts';
import { available, buy, type Candidate, keepsPolicy, type Shopping } from './offerings.ts';
import { moveAll, mutable, type Place } from './packing.ts';
import { addShares, covers, type Shares, sumShares } from './shares.ts';
import type { PoolNode } from './types.ts';

const HOUR_MS = 3_600_000;

/** Of the dearest nodes so many are looked at, and so many pairs of nodes and machine are tried: the next plan goes on. */
const NODES_MAX = 50;
const TRIES_MAX = 100;

/** A saving below this share of the old price is noise. */
const SAVING_MIN = 0.02;

/** One machine in the place of one node or more. */
export interface Move {
  readonly nodes: readonly PoolNode[];
  readonly offering: OfferingConfig;
  readonly savedUsdPerHour: number;
}

export interface MoveInput {
  readonly shopping: Shopping;
  readonly fleet: Fleet;
  readonly pool: PoolConfig;
  /** `spot`: on-demand nodes may become spot; `any`: whatever is cheaper. */
  readonly kinds: { readonly spot: boolean; readonly any: boolean };
  /** What has to be there afterwards. */
  readonly keep: Shares;
  readonly nodesMin: number;
  /** What the bounds leave while old and new run side by side. */
  readonly nodesRoom: number;
  readonly usdRoom: number;
  /** Nodes that stay, by name. */
  readonly untouched: ReadonlySet<string>;
  /** So many nodes may be on their way out at once. */
  readonly budget: number;
  /** How long old and new run side by side: a boot and a drain. */
  readonly overlapMs: number;
  readonly nowMs: number;
}

/** The moves that save most, as many as budget and bounds allow at once. */
export function chooseMoves(input: MoveInput): Move[] {
  const { shopping, fleet, nodesMin } = input;
  const moves: Move[] = [];
  const gone = new Set<PoolNode>();
  let { nodesRoom, usdRoom, budget } = input;
  let shares = fleet.readyShares;
  let nodes = fleet.ready.length;
  let tries = TRIES_MAX;
  for (const option of optionsOf(input)) {
    const { nodes: old, candidate } = option;
    if (budget === 0 || nodesRoom === 0 || tries-- === 0) break;
    if (old.length > budget || old.some((node) => gone.has(node))) continue;
    if (candidate.offering.usdPerHour > usdRoom || nodes - old.length + 1 < nodesMin) continue;
    const after = addShares(
      addShares(shares, sumShares(old.map((node) => sharesOfNode(node, input.pool))), -1),
      candidate.shares,
    );
    if (!covers(after, input.keep) || !isAllowedInstead(shopping, option) || !carries(option, input)) continue;
    moves.push({ nodes: old, offering: candidate.offering, savedUsdPerHour: option.saved });
    for (const node of old) gone.add(node);
    take(shopping, option);
    shares = after;
    nodes += 1 - old.length;
    budget -= old.length;
    nodesRoom--;
    usdRoom -= candidate.offering.usdPerHour;
  }
  return moves;
}

interface Option {
  readonly nodes: readonly PoolNode[];
  readonly candidate: Candidate;
  readonly saved: number;
}

/**
 * One node for one machine, and several small ones for a large one: those that are tried, what saves most comes first. 50
 * nodes and 300 offerings are 15,000 pairs, of which all but the first few are passed over at a glance.
 */
function optionsOf(input: MoveInput): Option[] {
  const { fleet, pool, kinds, nowMs, budget } = input;
  const old = fleet.ready
    .filter(
      (node) =>
        node.keptBecause === null &&
        !input.untouched.has(node.name) &&
        nowMs + input.overlapMs - node.createdMs >= pool.scaleDown.minBillingMs,
    )
    .sort((a, b) => b.usdPerHour / b.units - a.usdPerHour / a.units || (a.name < b.name ? -1 : 1))
    .slice(0, NODES_MAX);
  const options: Option[] = [];
  const offer = (nodes: readonly PoolNode[], candidate: Candidate) => {
    let before = 0;
    for (const node of nodes) before += node.usdPerHour;
    const saved = before - candidate.offering.usdPerHour;
    if (saved < SAVING_MIN * before || (options.length === TRIES_MAX && saved < (options.at(-1) as Option).saved))
      return;
    if (outlives(nodes, candidate.offering, saved, input)) insert(options, { nodes, candidate, saved });
  };
  const alone = old.map((node) => [node]);
  for (const candidate of available(input.shopping.candidates)) {
    const isReturn = kinds.spot && candidate.offering.capacityType === 'spot';
    if (!isReturn && !kinds.any) continue;
    for (const one of alone) if (kinds.any || one[0]?.capacityType === 'on_demand') offer(one, candidate);
    if (kinds.any) offer(smallOnes(old, candidate.shares.units, budget), candidate);
  }
  return options;
}

/** Puts an option in its place among the first `TRIES_MAX`; of equals the earlier one comes first. */
function insert(options: Option[], option: Option): void {
  let [low, high] = [0, options.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bySaving(option, options[middle] as Option) < 0) high = middle;
    else low = middle + 1;
  }
  if (low === TRIES_MAX) return;
  options.splice(low, 0, option);
  if (options.length > TRIES_MAX) options.pop();
}

function bySaving(a: Option, b: Option): number {
  return b.saved - a.saved || key(a).localeCompare(key(b));
}

function key({ nodes, candidate }: Option): string {
  return `${candidate.id} ${nodes[0]?.name}`;
}

/** Nodes that together are no larger than `units`, two at least; none where there are no two. */
function smallOnes(old: readonly PoolNode[], units: number, budget: number): PoolNode[] {
  const chosen: PoolNode[] = [];
  let sum = 0;
  for (const node of old) {
    if (chosen.length === budget || sum + node.units > units + 1e-9) continue;
    chosen.push(node);
    sum += node.units;
  }
  return chosen.length > 1 ? chosen : [];
}

/**
 * A move costs the new machine for as long as both run: 0.07 USD/h for 13 min are 0.015 USD, which 0.05 USD/h less earn
 * in 18 min. Nodes are taken to stay as long as they have been there; that has to be longer, and longer than what the new
 * machine is billed at least.
 */
function outlives(old: readonly PoolNode[], { usdPerHour }: OfferingConfig, saved: number, input: MoveInput): boolean {
  const earnedMs = (usdPerHour * (input.overlapMs / HOUR_MS) * HOUR_MS) / saved;
  const stayMs = Math.min(...old.map((node) => input.nowMs - node.createdMs));
  return stayMs >= Math.max(earnedMs + input.overlapMs, input.pool.scaleDown.minBillingMs);
}

/**
 * Whether what remains is as the policy for spot has it once the nodes are gone, else they may not go: an on-demand machine
 * in the place of two of them allows for fewer spot ones beside it.
 */
function isAllowedInstead(shopping: Shopping, { nodes, candidate }: Option): boolean {
  const after = { ...without(shopping, nodes), held: new Map<string, number>() };
  buy(after, candidate);
  return keepsPolicy(after, shopping.spot);
}

function take(shopping: Shopping, { nodes, candidate }: Option): void {
  Object.assign(shopping, without(shopping, nodes));
  buy(shopping, candidate);
}

/** The risk of what leaves stays counted: a bound that holds with it holds without. */
function without(shopping: Shopping, nodes: readonly PoolNode[]): Shopping {
  const spot = nodes.filter((node) => node.capacityType === 'spot');
  const units = (all: readonly PoolNode[]) => all.reduce((sum, node) => sum + node.units, 0);
  return {
    ...shopping,
    nodes: shopping.nodes - nodes.length,
    units: shopping.units - units(nodes),
    spotNodes: shopping.spotNodes - spot.length,
    spotUnits: shopping.spotUnits - units(spot),
  };
}

/**
 * Whether the pods of the nodes, as far as they are known, fit onto the one machine together. What pods elsewhere have to
 * say about that is asked when the nodes are drained.
 */
function carries({ nodes, candidate }: Option, { fleet, pool }: MoveInput): boolean {
  const loads = fleet.loads.filter((load) => nodes.includes(load.node));
  const [first] = loads;
  if (first === undefined) return true;
  const { offering } = candidate;
  const labels = { ...first.node.labels, ...labelsOf(offering) };
  const place: Place = {
    name: 'replacement',
    free: mutable(subtractResources(offering.allocatable ?? pool.template.allocatable, first.resident)),
    labels,
    taints: first.node.taints,
    topology: labels,
    isNew: false,
    pods: [],
    ruled: [],
  };
  const neighbours = new Neighbours([...loads.map((load) => load.place), place], null);
  return loads.every((load) => moveAll(load.movable, load.place, [place], pool.template.allocatable, neighbours));
}

function labelsOf({ instanceType, zone, region, capacityType }: OfferingConfig): Readonly<Record<string, string>> {
  return {
    'node.kubernetes.io/instance-type': instanceType,
    'topology.kubernetes.io/zone': zone,
    'topology.kubernetes.io/region': region,
    'karpenter.sh/capacity-type': capacityType.replace('_', '-'),
  };
}
