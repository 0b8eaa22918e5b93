import type { PoolConfig } from '@forescale/shared/config';
import { formatDuration } from '@forescale/shared/time';
import { countFlapping } from './flapping.ts';
import type { Fleet, Target } from './fleet.ts';
import { growthCap } from './growth-cap.ts';
import { keepDraining, type Outlook, outlookOf } from './keep-draining.ts';
import { type PlanMemory, withNotReplaced, withoutOldMarks, withTimedOut } from './memory.ts';
import type { MixSolver } from './mix.ts';
import { wholeNodes } from './need.ts';
import { offeringId } from './offerings.ts';
import { repair } from './repair.ts';
import { replaceDear } from './replace.ts';
import { type Remainder, shrink } from './scale-down.ts';
import { grow } from './scale-up.ts';
import { maxShares } from './shares.ts';
import { shed } from './shed.ts';
import type { Situation } from './situation.ts';
import { takeBackQueued } from './take-back.ts';
import type { Action, PlanState, Reason } from './types.ts';

export interface Decision {
  readonly actions: Action[];
  readonly memory: PlanMemory;
  readonly boundBy: string | null;
  readonly wantedBack: number;
}

export function decide(situation: Situation, solve: MixSolver | null, reasons: Reason[]): Decision {
  const { state, pool, nowMs, bounds, fleet, floor } = situation;
  const generation = state.memory.generation + 1;
  if (bounds.paused) {
    reasons.push({ code: 'paused', text: `paused by ${state.override?.by ?? ''}: ${state.override?.why ?? ''}` });
    return {
      // Their machines go whether anybody pauses or not.
      actions: emptied(fleet, reasons),
      memory: { ...withoutOldMarks(state.memory, nowMs), generation },
      boundBy: 'pause',
      wantedBack: 0,
    };
  }
  let memory: PlanMemory = { ...situation.memory, generation };
  const actions: Action[] = [...replaced(situation, reasons), ...givenUp(fleet, pool, reasons)];

  const surplus = shed(state, fleet, pool, bounds, reasons);
  const base = {
    shares: maxShares(situation.observed.needs.shares, situation.forecasted.order.shares),
    nodes: floor.value,
  };
  const remaining = without(surplus, { ...state, memory });
  const left =
    surplus.length > 0 ? outlookOf(remaining, pool, nowMs) : { state: remaining, fleet, pending: situation.pending };
  // Who is on the way out is kept for less than what is ordered for: it costs no boot.
  const held = { shares: maxShares(base.shares, situation.forecasted.hold.shares), nodes: floor.value, why: '' };
  const { kept, outlook } = keepDraining(left, pool, bounds, held, nowMs);
  const target = withPending(base, outlook, whyTarget(situation));
  const cap = growthCap(outlook.fleet, memory, nowMs);
  const market = { pool, bounds, carriers: outlook.pending.carriers, cap, solve, nowMs };
  const growth = grow(outlook.state, outlook.fleet, market, target, reasons);
  if (growth.created > 0) memory = { ...memory, lastScaleUpMs: nowMs };
  const retained = kept.map(
    ({ name }): Action => ({ kind: 'cancel-drain', nodeName: name, reason: `wanted again: ${whyHeld(situation)}` }),
  );
  const ordered = growth.actions.flatMap((one) =>
    one.kind === 'create' ? Array.from({ length: one.count }, () => one.offering) : [],
  );
  const unasked = takeBackQueued({ outlook, ordered, pool, bounds, target: held, nowMs }, reasons);
  const changes = [...surplus, ...retained, ...growth.actions, ...unasked];

  const isChanging = changes.length > 0 || situation.pending.newNodes > 0;
  const remainder = remainderOf(situation);
  const shrinkage = isChanging
    ? { actions: [], unneededSinceMs: {} }
    : keepRoom(shrink({ ...state, memory }, fleet, pool, remainder, nowMs, reasons), situation, reasons);
  changes.push(...shrinkage.actions);
  if (isChanging || shrinkage.actions.length > 0) memory = { ...memory, changedMs: nowMs };
  const isResting = Object.keys(shrinkage.unneededSinceMs).length === 0;
  const swap =
    memory.changedMs !== nowMs && (isResting || memory.replacing !== null)
      ? keepRoom(
          replaceDear({ state: { ...state, memory }, fleet, pool, bounds, remainder, nowMs }, reasons),
          situation,
          reasons,
        )
      : { actions: [], replacing: memory.replacing, created: 0, givenUp: [] };
  changes.push(...swap.actions);
  const isIdle = changes.length === 0 && state.memory.changedMs !== nowMs;
  const broken = isIdle ? repair(state, fleet, pool, nowMs, reasons) : null;
  if (broken !== null) {
    changes.push(broken.action);
    memory = withTimedOut({ ...memory, changedMs: nowMs }, [broken.machine], nowMs);
  }
  for (const action of changes) reasons.push(reasonOf(action));
  actions.push(...changes);
  if (swap.created > 0) memory = { ...memory, lastScaleUpMs: nowMs };
  memory = { ...memory, unneededSinceMs: shrinkage.unneededSinceMs, replacing: swap.replacing };
  memory = withNotReplaced(memory, swap.givenUp, nowMs);
  // What is ordered in the place of machines that failed or go anyway was never let go.
  const lost = fleet.interrupted.length + fleet.timedOut.length + situation.reclaimedStarts.length;
  const excused = state.memory.lastFailureMs === nowMs ? growth.created : lost;
  const wanted = Math.max(0, growth.created - excused) + kept.length;
  const flapping = countFlapping(memory, { left: shrinkage.actions.length, wanted }, nowMs);
  const boundBy = growth.boundBy ?? boundThatBit(situation);
  return { actions, memory: flapping.memory, boundBy, wantedBack: flapping.wantedBack };
}

/**
 * No node leaves on which a pod that waits, or one of a node that is draining, was found a place: the next plan would want
 * it back.
 */
function keepRoom<Change extends { readonly actions: Action[] }>(
  change: Change,
  { state, pool, pending, nowMs }: Situation,
  reasons: Reason[],
): Change {
  const drains = change.actions.filter(({ kind }) => kind === 'drain').length;
  if (drains === 0) return change;
  const { newNodes } = outlookOf(without(change.actions, state), pool, nowMs).pending;
  if (newNodes <= pending.newNodes) return change;
  reasons.push({ code: 'hold-pending', text: `${drains} spare nodes stay: pods that wait fit on them` });
  return { ...change, actions: [] };
}

/** What the pending pods need comes on top of all that is there. */
function withPending(base: Omit<Target, 'why'>, { fleet, pending }: Outlook, why: string): Target {
  if (pending.newNodes === 0) return { ...base, why };
  const units = Math.max(base.shares.units, fleet.readyUnits + fleet.startingUnits + pending.newNodes);
  return { ...base, shares: { ...base.shares, units }, why };
}

/** The state as it is once the actions are under way; what they let go stays gone within this plan. */
function without(actions: readonly Action[], state: PlanState): PlanState {
  if (actions.length === 0) return state;
  const gone = new Set(
    actions.map((one) => (one.kind === 'cancel-start' ? one.requestId : one.kind === 'drain' ? one.nodeName : '')),
  );
  return {
    ...state,
    nodes: state.nodes.map((node) => (gone.has(node.name) ? { ...node, phase: 'leaving' } : node)),
    starting: state.starting.filter((one) => !gone.has(one.requestId)),
  };
}

const RECLAIMED = 'its machine is being reclaimed';

/** Reclaimed machines go whatever the budgets say: their notice is shorter than a boot. */
function emptied(fleet: Fleet, reasons: Reason[]): Action[] {
  return fleet.interrupted.map(({ name }) => {
    reasons.push({ code: 'interrupted', text: `${name} is drained: ${RECLAIMED}` });
    return { kind: 'drain', nodeName: name, reason: RECLAIMED, force: true };
  });
}

function replaced({ fleet, reclaimedStarts }: Situation, reasons: Reason[]): Action[] {
  const cancelled = reclaimedStarts.map(({ requestId }): Action => {
    reasons.push({ code: 'interrupted', text: `${requestId} is given up before it is Ready: ${RECLAIMED}` });
    return { kind: 'cancel-start', requestId, reason: RECLAIMED };
  });
  return [...emptied(fleet, reasons), ...cancelled];
}

function givenUp(fleet: Fleet, pool: PoolConfig, reasons: Reason[]): Action[] {
  return fleet.timedOut.map((node) => {
    const reason = `not Ready ${formatDuration(pool.registrationTimeoutMs)} after its request`;
    reasons.push({
      code: 'start-timed-out',
      text: `${node.requestId} (${offeringId(node.offering)}) is given up: ${reason}`,
    });
    return { kind: 'cancel-start', requestId: node.requestId, reason };
  });
}

export function whyTarget({ needs, floor }: Situation): string {
  const need = wholeNodes(needs.units);
  return need >= floor.value ? `${need} nodes for ${needs.from}` : `${floor.value} nodes for the min of ${floor.from}`;
}

function whyHeld(situation: Situation): string {
  const { hold } = situation.forecasted;
  return hold.units > situation.needs.units ? `${wholeNodes(hold.units)} nodes for ${hold.from}` : whyTarget(situation);
}

function reasonOf(action: Action): Reason {
  if (action.kind === 'create') {
    return { code: 'create', text: `${action.count} x ${offeringId(action.offering)}: ${action.reason}` };
  }
  if (action.kind === 'headroom') return { code: 'headroom', text: action.reason };
  const target = action.kind === 'cancel-start' ? action.requestId : action.nodeName;
  const code = action.kind === 'drain' && action.force ? 'repair' : action.kind;
  return { code, text: `${target}: ${action.reason}` };
}

function remainderOf({ observed, needs, forecasted, floor, holdFloor, bounds }: Situation): Remainder {
  const { hold } = forecasted;
  const isFloor = holdFloor.value > wholeNodes(Math.max(needs.units, hold.units));
  const [units, from] = hold.units > needs.units ? [hold.units, hold.from] : [needs.units, needs.from];
  return {
    needed: observed.needs.shares,
    floorNow: floor.value,
    hold: maxShares(needs.shares, hold.shares),
    holdWhy: isFloor ? `the min of ${holdFloor.from} is ${holdFloor.value}` : `${from} asks for ${wholeNodes(units)}`,
    holdFloor: holdFloor.value,
    spot: bounds.spot,
    observed: observed.complete,
  };
}

/** Which bound keeps the pool from what it needs, though nothing had to be bought or refused for it now. */
export function boundThatBit({ needs, bounds, floor }: Situation): string | null {
  const need = wholeNodes(needs.units);
  if (need > bounds.maxNodes.value) return `max of ${bounds.maxNodes.from}`;
  return need < floor.value ? `min of ${floor.from}` : null;
}
