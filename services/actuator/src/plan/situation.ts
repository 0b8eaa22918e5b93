import { type Bounds, boundsAt, type PoolConfig, type Sourced } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { floorUntil } from './bounds-ahead.ts';
import { type Fleet, fleetOf } from './fleet.ts';
import { type LeadTime, leadTimeOf } from './lead-time.ts';
import { type PlanMemory, withFailure, withoutOldMarks, withoutServedMarks, withTimedOut } from './memory.ts';
import { addNeed, type Forecasted, forecastNeeds, type Needs, noNeeds, type Observed, observedNeeds } from './need.ts';
import { offeringId } from './offerings.ts';
import { type PendingNeed, packPending } from './pending.ts';
import { maxShares } from './shares.ts';
import type { PlanState, Reason, StartingNode } from './types.ts';

/**
 * A node that the forecast wants back within the lead time and this margin is not let go: the drain itself takes a
 * while, and what a node costs meanwhile is less than what its absence would.
 */
const HOLD_MARGIN_MS = 60_000;

/** The facts that one plan is made from, gathered once. */
export interface Situation {
  /** Without the starting machines that are being reclaimed: nothing is to be expected of them. */
  readonly state: PlanState;
  readonly reclaimedStarts: readonly StartingNode[];
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

export function survey(
  seen: PlanState,
  forecasts: readonly Forecast[],
  pool: PoolConfig,
  nowMs: number,
  reasons: Reason[],
): Situation {
  const isReclaimed = ({ interruptedMs }: StartingNode) => typeof interruptedMs === 'number';
  const reclaimedStarts = seen.starting.filter(isReclaimed);
  const starting = seen.starting.filter((one) => !isReclaimed(one));
  const state: PlanState = { ...seen, starting };
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
    reclaimedStarts,
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
