import { type Bounds, boundsAt, type PoolConfig, type Sourced } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { formatDuration } from '@forescale/shared/time';
import { floorUntil } from './bounds-ahead.ts';
import { capacitiesOf, withLearnedCapacities } from './capacities.ts';
import { countFlapping } from './flapping.ts';
import { type Fleet, fleetOf, type Target } from './fleet.ts';
import { growthCap } from './growth-cap.ts';
import { keepDraining, type Outlook, outlookOf } from './keep-draining.ts';
import { type LeadTime, leadTimeOf } from './lead-time.ts';
import { type PlanMemory, withFailure, withoutOldMarks, withoutServedMarks, withTimedOut } from './memory.ts';
import type { MixSolver } from './mix.ts';
import {
  addNeed,
  type Forecasted,
  forecastNeeds,
  type Needs,
  noNeeds,
  type Observed,
  observedNeeds,
  wholeNodes,
} from './need.ts';
import { offeringId } from './offerings.ts';
import { type PendingNeed, packPending } from './pending.ts';
import { replaceDear } from './replace.ts';
import { type Remainder, type Shrinkage, shrink } from './scale-down.ts';
import { grow } from './scale-up.ts';
import { maxShares } from './shares.ts';
import { shed } from './shed.ts';
import type { Action, Plan, PlanReport, PlanState, Reason, SignalCapacity } from './types.ts';

/**
 * A node that the forecast wants back within the lead time and this margin is not let go: the drain itself takes a
 * while, and what a node costs meanwhile is less than what its absence would.
 */
const HOLD_MARGIN_MS = 120_000;

/** What a reader takes in, and a message carries. */
const REASONS_MAX = 200;

/** The facts that one plan is made from, gathered once. */
interface Situation {
  readonly state: PlanState;
  readonly pool: PoolConfig;
  readonly nowMs: number;
  readonly bounds: Bounds;
  /** The memory with the failures that this plan has found. */
  readonly memory: PlanMemory;
  readonly leadTime: LeadTime;
  /** The smallest number of nodes for what is ordered now, and for what may be let go now. */
  readonly floor: Sourced<number>;
  readonly holdFloor: Sourced<number>;
  readonly fleet: Fleet;
  readonly observed: Observed;
  readonly forecasted: Forecasted;
  readonly pending: PendingNeed;
  /** Observed, forecast and pending together. */
  readonly needs: Needs;
}

/**
 * What to do now, and why: pure, total, and at rest once its actions are done (planning again yields none).
 *
 * Nodes wanted: the largest of what the observed load, the forecast for when a machine ordered now would be Ready, and
 * the pending pods need; then the bounds, where pause > max > usd_per_hour_max > min > need. The forecast is a floor:
 * it orders nodes and holds them, and never lets one go. `solve` finds the cheapest mix of machines; without it they
 * are chosen one by one.
 */
export function plan(
  state: PlanState,
  forecasts: readonly Forecast[],
  configured: PoolConfig,
  nowMs: number,
  solve: MixSolver | null = null,
): Plan {
  const reasons: Reason[] = [];
  const pool = withLearnedCapacities(configured, state);
  const situation = survey(state, forecasts, pool, nowMs, reasons);
  const { actions, memory, boundBy, wantedBack } = decide(situation, solve, reasons);
  const report = { ...reportOf(situation, capacitiesOf(configured, state), boundBy, reasons), wantedBack };
  return { actions, report, memory, servedPodUids: situation.pending.servedUids };
}

function survey(
  state: PlanState,
  forecasts: readonly Forecast[],
  pool: PoolConfig,
  nowMs: number,
  reasons: Reason[],
): Situation {
  const bounds = boundsAt(pool, nowMs, state.override);
  const fleet = fleetOf(state, pool, nowMs);
  const known = withoutServedMarks(withoutOldMarks(state.memory, nowMs), deliveries(fleet));
  const memory = withTimeouts(known, fleet, nowMs);
  const leadTime = leadTimeOf(state, pool, bounds.spot, memory, nowMs);
  const arrivalMs = nowMs + leadTime.ms;
  const holdUntilMs = arrivalMs + HOLD_MARGIN_MS;
  const observed = observedNeeds(state, pool, nowMs, reasons);
  const forecasted = forecastNeeds(forecasts, state, pool, nowMs, arrivalMs, holdUntilMs);
  for (const { signal, reason } of forecasted.rejected) {
    reasons.push({
      code: 'forecast-rejected',
      text: `forecast of ${signal} ${reason}; the observed load goes on alone`,
    });
  }
  const pending = packPending(state, pool, fleet.loads, nowMs, reasons);
  const needs = noNeeds();
  for (const part of [observed.needs, forecasted.order]) {
    needs.list.push(...part.list);
    needs.shares = maxShares(needs.shares, part.shares);
    if (part.units > needs.units) Object.assign(needs, { units: part.units, from: part.from });
  }
  if (pending.newNodes > 0) {
    const units = fleet.readyUnits + fleet.startingUnits + pending.newNodes;
    addNeed(needs, 'pending', units, `${pending.pods} pods need ${pending.newNodes} nodes more than there are`);
  }
  return {
    state,
    pool,
    nowMs,
    bounds,
    memory,
    leadTime,
    // What the next plan orders is Ready one tick later than what this one orders.
    floor: floorUntil(pool, state.override, bounds, nowMs, arrivalMs + state.tickMs),
    holdFloor: floorUntil(pool, state.override, bounds, nowMs, holdUntilMs + state.tickMs),
    fleet,
    observed,
    forecasted,
    pending,
    needs,
  };
}

interface Decision {
  readonly actions: Action[];
  readonly memory: PlanMemory;
  readonly boundBy: string | null;
  readonly wantedBack: number;
}

function decide(situation: Situation, solve: MixSolver | null, reasons: Reason[]): Decision {
  const { state, pool, nowMs, bounds, fleet, floor } = situation;
  const generation = state.memory.generation + 1;
  if (bounds.paused) {
    reasons.push({ code: 'paused', text: `paused by ${state.override?.by ?? ''}: ${state.override?.why ?? ''}` });
    return {
      actions: [],
      memory: { ...withoutOldMarks(state.memory, nowMs), generation },
      boundBy: 'pause',
      wantedBack: 0,
    };
  }
  let memory: PlanMemory = { ...situation.memory, generation };
  const actions: Action[] = [...replaced(fleet, reasons), ...givenUp(fleet, pool, reasons)];

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
  const growth = grow(outlook.state, outlook.fleet, { pool, bounds, cap, solve, nowMs }, target, reasons);
  if (growth.created > 0) memory = { ...memory, lastScaleUpMs: nowMs };
  const retained = kept.map(
    ({ name }): Action => ({ kind: 'cancel-drain', nodeName: name, reason: `wanted again: ${whyHeld(situation)}` }),
  );
  const changes = [...surplus, ...retained, ...growth.actions];

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
      ? replaceDear({ state: { ...state, memory }, fleet, pool, bounds, remainder, nowMs }, reasons)
      : { actions: [], replacing: memory.replacing, created: 0 };
  changes.push(...swap.actions);
  for (const action of changes) reasons.push(reasonOf(action));
  actions.push(...changes);
  if (swap.created > 0) memory = { ...memory, lastScaleUpMs: nowMs };
  memory = { ...memory, unneededSinceMs: shrinkage.unneededSinceMs, replacing: swap.replacing };
  // What is ordered in the place of machines that failed or go anyway was never let go.
  const excused =
    state.memory.lastFailureMs === nowMs ? growth.created : fleet.interrupted.length + fleet.timedOut.length;
  const wanted = Math.max(0, growth.created - excused) + kept.length;
  const flapping = countFlapping(memory, { left: shrinkage.actions.length, wanted }, nowMs);
  const boundBy = growth.boundBy ?? boundThatBit(situation);
  return { actions, memory: flapping.memory, boundBy, wantedBack: flapping.wantedBack };
}

/** No node leaves on which a pod that waits was found a place: the next plan would want it back. */
function keepRoom(shrinkage: Shrinkage, { state, pool, nowMs }: Situation, reasons: Reason[]): Shrinkage {
  if (shrinkage.actions.length === 0 || state.pendingPods.length === 0) return shrinkage;
  const { newNodes } = outlookOf(without(shrinkage.actions, state), pool, nowMs).pending;
  if (newNodes === 0) return shrinkage;
  reasons.push({
    code: 'hold-pending',
    text: `${shrinkage.actions.length} spare nodes stay: pods that wait fit on them`,
  });
  return { ...shrinkage, actions: [] };
}

/** By offering, when the youngest of its Ready nodes was requested. */
function deliveries(fleet: Fleet): Map<string, number> {
  const delivered = new Map<string, number>();
  for (const { offeringId: id, createdMs } of fleet.ready)
    if (id !== null) delivered.set(id, Math.max(createdMs, delivered.get(id) ?? createdMs));
  return delivered;
}

/** A machine that did not come in time counts against its offering. */
function withTimeouts(memory: PlanMemory, { timedOut }: Fleet, nowMs: number): PlanMemory {
  const marked = timedOut.reduce((known, { offering }) => withFailure(known, offeringId(offering), nowMs), memory);
  return withTimedOut(marked, timedOut, nowMs);
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

/** Reclaimed machines go whatever the budgets say: their notice is shorter than a boot. */
function replaced(fleet: Fleet, reasons: Reason[]): Action[] {
  return fleet.interrupted.map((node) => {
    const reason = 'its machine is being reclaimed';
    reasons.push({ code: 'interrupted', text: `${node.name} is drained: ${reason}` });
    return { kind: 'drain', nodeName: node.name, reason, force: true };
  });
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

function whyTarget({ needs, floor }: Situation): string {
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
  const target = action.kind === 'cancel-start' ? action.requestId : action.nodeName;
  return { code: action.kind, text: `${target}: ${action.reason}` };
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
function boundThatBit({ needs, bounds, floor }: Situation): string | null {
  const need = wholeNodes(needs.units);
  if (need > bounds.maxNodes.value) return `max of ${bounds.maxNodes.from}`;
  return need < floor.value ? `min of ${floor.from}` : null;
}

function reportOf(
  situation: Situation,
  capacities: readonly SignalCapacity[],
  boundBy: string | null,
  reasons: Reason[],
): Omit<PlanReport, 'wantedBack'> {
  const { state, pool, nowMs, bounds, floor, fleet, forecasted, needs } = situation;
  const need = wholeNodes(needs.units);
  return {
    pool: pool.name,
    atMs: nowMs,
    mode: pool.mode,
    generation: state.memory.generation + 1,
    paused: bounds.paused,
    needs: [...needs.list, ...forecasted.hold.list],
    capacities,
    leadTimeMs: situation.leadTime.ms,
    leadTimeWhy: situation.leadTime.why,
    need,
    needFrom: needs.from,
    hold: Math.max(need, wholeNodes(forecasted.hold.units)),
    floor: floor.value,
    floorFrom: floor.from,
    ceiling: bounds.maxNodes.value,
    ceilingFrom: bounds.maxNodes.from,
    usdPerHourMax: bounds.usdPerHourMax?.value ?? null,
    boundBy,
    desired: Math.min(bounds.maxNodes.value, Math.max(floor.value, need)),
    ready: fleet.ready.length,
    starting: fleet.starting.length,
    draining: fleet.onTheWayOut,
    usdPerHour: fleet.usdPerHour,
    reasons: bounded(reasons),
    rejectedForecasts: forecasted.rejected,
  };
}

function bounded(reasons: readonly Reason[]): readonly Reason[] {
  if (reasons.length <= REASONS_MAX) return reasons;
  const more = reasons.length - (REASONS_MAX - 1);
  return [...reasons.slice(0, REASONS_MAX - 1), { code: 'more', text: `${more} reasons more` }];
}
