import type { OfferingConfig } from '@forescale/shared/config';
import {
  available,
  type Candidate,
  rankedUsdPerHour,
  reclaimShare,
  type Shopping,
  SPREAD_PRICE_FACTOR,
} from './offerings.ts';
import { SHARES, type Shares } from './shares.ts';

/** `lower <= coefficients · x <= upper`. */
interface ProgramRow {
  readonly coefficients: readonly number[];
  readonly lower: number;
  readonly upper: number;
}

/** Whole numbers x >= 0, one for each cost, at the least `costs · x` that keeps to all rows. */
export interface IntegerProgram {
  readonly costs: readonly number[];
  readonly rows: readonly ProgramRow[];
}

/** Solves an integer programme exactly; null: there is no solution, or none was proved best within its limits. */
export type MixSolver = (program: IntegerProgram) => readonly number[] | null;

/** What is missing, and what the bounds leave for it. */
export interface Gap {
  readonly shares: Shares;
  readonly nodes: number;
  readonly nodesMax: number;
  readonly usdPerHourMax: number;
}

/** Beyond so many kinds of machines, cheapest first, a programme is not for within a plan. */
const KINDS_MAX = 150;

const INFINITE = Number.POSITIVE_INFINITY;

/** Offerings that differ in nothing but place and a little in price: the solver counts them as one. */
interface Kind {
  /** Cheapest first; the spot ones share what is bought of the kind. */
  readonly members: readonly Candidate[];
  readonly shares: Shares;
  readonly isSpot: boolean;
  readonly reclaims: number;
  readonly rankedUsd: number;
  /** Of the dearest member, so that a bound on the price holds however the machines are spread. */
  readonly usdMax: number;
}

/**
 * The cheapest machines that close the gap, within all bounds; null where the solver has none to offer. The policy's
 * share of spot is a bound only above its on-demand base, so where the base is not reached, or spot is above its share
 * already, on-demand machines alone are tried as well.
 */
export function cheapestMix(shopping: Shopping, gap: Gap, solve: MixSolver): OfferingConfig[] | null {
  const { spot, nodes, spotNodes, reclaims } = shopping;
  const kinds = kindsOf(shopping);
  const shareLeft = spot.share * (nodes - spot.onDemandBase) - spotNodes;
  const unitsLeft = spot.share * shopping.units - shopping.spotUnits;
  const riskLeft = spot.riskMax * nodes - reclaims;
  const programs: { kinds: readonly Kind[]; rows: ProgramRow[] }[] = [];
  if (spot.share > 0 && kinds.some((kind) => kind.isSpot)) {
    programs.push({
      kinds,
      rows: [
        { coefficients: kinds.map((kind) => (kind.isSpot ? 1 : 0) - spot.share), lower: -INFINITE, upper: shareLeft },
        {
          coefficients: kinds.map((kind) => kind.shares.units * ((kind.isSpot ? 1 : 0) - spot.share)),
          lower: -INFINITE,
          upper: unitsLeft,
        },
        { coefficients: kinds.map((kind) => kind.reclaims - spot.riskMax), lower: -INFINITE, upper: riskLeft },
      ],
    });
  }
  if (programs.length === 0 || shareLeft < 0 || unitsLeft < 0 || riskLeft < 0)
    programs.push({ kinds: kinds.filter((kind) => !kind.isSpot), rows: [] });
  let best: { kinds: readonly Kind[]; counts: readonly number[]; usd: number } | null = null;
  for (const program of programs) {
    if (program.kinds.length === 0) continue;
    const counts = solve({
      costs: program.kinds.map((kind) => kind.rankedUsd),
      rows: [...rowsOf(program.kinds, gap), ...program.rows],
    });
    if (counts === null) continue;
    const usd = program.kinds.reduce((sum, kind, i) => sum + kind.rankedUsd * (counts[i] ?? 0), 0);
    if (best === null || usd < best.usd) best = { kinds: program.kinds, counts, usd };
  }
  return best === null ? null : spread(shopping, best.kinds, best.counts);
}

/** A price below which no machines close the gap, whatever they are; the policy's bounds aside. */
export function priceFloor(shopping: Shopping, gap: Gap): number {
  const candidates = available(shopping.candidates);
  let floor = 0;
  for (const key of SHARES) {
    const missing = gap.shares[key];
    if (missing <= 0) continue;
    let least = INFINITE;
    for (const { offering, shares } of candidates) least = Math.min(least, rankedUsdPerHour(offering) / shares[key]);
    floor = Math.max(floor, missing * least);
  }
  return floor;
}

function rowsOf(kinds: readonly Kind[], gap: Gap): ProgramRow[] {
  const rows: ProgramRow[] = [];
  for (const key of SHARES) {
    if (gap.shares[key] <= 0) continue;
    rows.push({ coefficients: kinds.map((kind) => kind.shares[key]), lower: gap.shares[key], upper: INFINITE });
  }
  rows.push({ coefficients: kinds.map(() => 1), lower: Math.max(0, gap.nodes), upper: Math.max(0, gap.nodesMax) });
  if (gap.usdPerHourMax < INFINITE)
    rows.push({ coefficients: kinds.map((kind) => kind.usdMax), lower: -INFINITE, upper: gap.usdPerHourMax });
  return rows;
}

function kindsOf(shopping: Shopping): Kind[] {
  const { candidates, spot } = shopping;
  const alike = Map.groupBy(
    available(candidates.filter(({ offering }) => offering.capacityType !== 'spot' || spot.share > 0)),
    ({ offering, shares }) => `${offering.capacityType} ${offering.interruption} ${SHARES.map((key) => shares[key])}`,
  );
  const kinds = [...alike.values()].map(kindOf);
  kinds.sort((a, b) => a.rankedUsd / a.shares.units - b.rankedUsd / b.shares.units);
  return kinds
    .filter((one, i) => !kinds.some((other, j) => i !== j && isBetter(other, one, j < i)))
    .slice(0, KINDS_MAX);
}

function kindOf(alike: readonly Candidate[]): Kind {
  const sorted = alike.toSorted(
    (a, b) => a.offering.usdPerHour - b.offering.usdPerHour || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
  );
  const first = sorted[0] as Candidate;
  const isSpot = first.offering.capacityType === 'spot';
  const dearest = first.offering.usdPerHour * (isSpot ? SPREAD_PRICE_FACTOR : 1);
  const members = sorted.filter((one) => one.offering.usdPerHour <= dearest);
  return {
    members,
    shares: first.shares,
    isSpot,
    reclaims: reclaimShare(first.offering),
    rankedUsd: rankedUsdPerHour(first.offering),
    usdMax: Math.max(...members.map((one) => one.offering.usdPerHour)),
  };
}

/** Whether no cheapest mix needs `b`, since `a` is as good and no dearer; of equals the first one stays. */
function isBetter(a: Kind, b: Kind, isFirst: boolean): boolean {
  if (a.isSpot && !b.isSpot) return false;
  if (a.rankedUsd > b.rankedUsd || a.usdMax > b.usdMax || a.reclaims > b.reclaims) return false;
  if (SHARES.some((key) => a.shares[key] < b.shares[key])) return false;
  return (
    isFirst ||
    a.isSpot !== b.isSpot ||
    a.rankedUsd < b.rankedUsd ||
    a.usdMax < b.usdMax ||
    a.reclaims < b.reclaims ||
    SHARES.some((key) => a.shares[key] > b.shares[key])
  );
}

/** Of each kind so many machines, each of the member of which there are the fewest. */
function spread(shopping: Shopping, kinds: readonly Kind[], counts: readonly number[]): OfferingConfig[] {
  const bought: OfferingConfig[] = [];
  const held = new Map(shopping.held);
  for (const [index, { members }] of kinds.entries()) {
    for (let left = counts[index] ?? 0; left > 0; left--) {
      let fewest = members[0] as Candidate;
      for (const one of members) if ((held.get(one.id) ?? 0) < (held.get(fewest.id) ?? 0)) fewest = one;
      held.set(fewest.id, (held.get(fewest.id) ?? 0) + 1);
      bought.push(fewest.offering);
    }
  }
  return bought;
}
