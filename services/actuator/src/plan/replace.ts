import type { Bounds, PoolConfig } from '@forescale/shared/config';
import { formatDuration } from '@forescale/shared/time';
import { type Fleet, stayingMachines } from './fleet.ts';
import { growthCap } from './growth-cap.ts';
import { Leaving } from './leaving.ts';
import type { PlanMemory } from './memory.ts';
import { chooseMoves, type Move } from './moves.ts';
import { offeringId, startShopping } from './offerings.ts';
import { candidatesOf, disruptionBudget, startRemoval, unhealthyReason } from './removal.ts';
import { type Remainder, whyWait } from './scale-down.ts';
import { maxShares } from './shares.ts';
import type { Action, PlanState, Reason } from './types.ts';

/** What has come by then takes the place of what it can; the rest stays. */
const GIVE_UP_AFTER_READY_MS = 30 * 60_000;

/** What a replacement looks at. */
export interface ReplaceInput {
  readonly state: PlanState;
  readonly fleet: Fleet;
  readonly pool: PoolConfig;
  readonly bounds: Bounds;
  readonly remainder: Remainder;
  readonly nowMs: number;
}

export interface Replacement {
  readonly actions: Action[];
  readonly replacing: PlanMemory['replacing'];
  /** Machines ordered. */
  readonly created: number;
  /** Nodes that are not to be replaced for a while: it has come to nothing. */
  readonly givenUp: readonly string[];
}

/**
 * Puts cheaper machines in the place of dearer ones, the new ones first: a few are ordered; once they are Ready the old
 * ones are drained like any node that is not needed. Begins only when the pool is otherwise at rest (the caller sees to
 * that), and never again before the first few are done.
 */
export function replaceDear(input: ReplaceInput, reasons: Reason[]): Replacement {
  const { replacing } = input.state.memory;
  return replacing === null ? begin(input, reasons) : goOn(input, replacing, reasons);
}

function begin({ state, fleet, pool, bounds, remainder, nowMs }: ReplaceInput, reasons: Reason[]): Replacement {
  const nothing: Replacement = { actions: [], replacing: null, created: 0, givenUp: [] };
  const isResting = fleet.starting.length + fleet.onTheWayOut + fleet.notReady.length === 0;
  if (!isResting || !pool.scaleDown.enabled || !remainder.observed) return nothing;
  const kinds = { spot: mayReturnToSpot(state.memory, pool, bounds, nowMs), any: pool.scaleDown.consolidate };
  if ((!kinds.spot && !kinds.any) || whyWait(state, fleet, pool, nowMs) !== null) return nothing;
  const cap = growthCap(fleet, state.memory, nowMs);
  if (cap?.orders === 0) return nothing;
  const moves = chooseMoves({
    shopping: startShopping(pool, bounds.spot, state.memory, nowMs, stayingMachines(fleet, pool)),
    fleet,
    pool,
    kinds,
    keep: maxShares(remainder.needed, remainder.hold),
    nodesMin: Math.max(remainder.floorNow, remainder.holdFloor),
    nodesRoom: Math.min(bounds.maxNodes.value - fleet.total, cap?.orders ?? Number.POSITIVE_INFINITY),
    untouched: new Set(Object.keys(state.memory.notReplacedMs)),
    usdRoom: (bounds.usdPerHourMax?.value ?? Number.POSITIVE_INFINITY) - fleet.usdPerHour,
    budget: disruptionBudget(fleet, pool),
    overlapMs: state.leadTimeMs + pool.scaleDown.drainGraceMs,
    nowMs,
  });
  if (moves.length === 0) return nothing;
  for (const move of moves) reasons.push({ code: 'replace', text: inWords(move) });
  return {
    actions: moves.map((move) => ({ kind: 'create', offering: move.offering, count: 1, reason: inWords(move) })),
    replacing: { nodes: moves.flatMap((move) => move.nodes.map((node) => node.name)), sinceMs: nowMs },
    created: moves.length,
    givenUp: [],
  };
}

/** Drains what can be spared now that its replacement is Ready; nothing while that is on its way. */
function goOn(
  { state, fleet, pool, remainder, nowMs }: ReplaceInput,
  replacing: NonNullable<PlanMemory['replacing']>,
  reasons: Reason[],
): Replacement {
  const names = new Set(replacing.nodes);
  const candidates = candidatesOf(fleet, () => replacing.sinceMs).filter(({ node }) => names.has(node.name));
  const isLate = nowMs - replacing.sinceMs > state.leadTimeMs + GIVE_UP_AFTER_READY_MS;
  if (candidates.length === 0 || isLate) {
    if (candidates.length > 0)
      reasons.push({
        code: 'replace-given-up',
        text: `${candidates.length} nodes stay: nothing took their place in time`,
      });
    return { actions: [], replacing: null, created: 0, givenUp: candidates.map(({ node }) => node.name) };
  }
  const breaker = unhealthyReason(state, fleet);
  if (breaker !== null) reasons.push(breaker);
  if (fleet.starting.length > 0 || breaker !== null) return { actions: [], replacing, created: 0, givenUp: [] };
  const left = new Leaving(fleet, pool, remainder.spot);
  const keep = maxShares(remainder.needed, remainder.hold);
  const nodesMin = Math.max(remainder.floorNow, remainder.holdFloor);
  const removal = startRemoval(fleet, pool, reasons);
  for (const candidate of candidates) {
    const { node } = candidate;
    if (node.keptBecause !== null || left.nodes - 1 < nodesMin || !left.canSpare(node, keep)) continue;
    if (removal.remove(candidate, `replaced after ${formatDuration(nowMs - replacing.sinceMs)}`)) left.remove(node);
  }
  removal.close();
  return { actions: removal.actions, replacing, created: 0, givenUp: [] };
}

/** Spot is allowed, and has not failed for so long that it may be trusted again. */
function mayReturnToSpot(memory: PlanMemory, pool: PoolConfig, { spot }: Bounds, nowMs: number): boolean {
  if (spot.share === 0) return false;
  return pool.offerings.every((offering) => {
    const mark = offering.capacityType === 'spot' ? memory.marks[offeringId(offering)] : undefined;
    return mark === undefined || nowMs - mark.lastFailureMs >= spot.returnAfterMs;
  });
}

function inWords({ nodes, offering, savedUsdPerHour }: Move): string {
  const names = nodes.map((node) => node.name).join(', ');
  return `${offeringId(offering)} takes the place of ${names}, ${savedUsdPerHour.toFixed(4)} USD/h cheaper`;
}
