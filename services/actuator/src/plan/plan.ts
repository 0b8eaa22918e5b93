import type { PoolConfig } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import { capacitiesOf, withLearnedCapacities } from './capacities.ts';
import { decide } from './decide.ts';
import { decideHeadroom } from './decide-headroom.ts';
import type { MixSolver } from './mix.ts';
import { wholeNodes } from './need.ts';
import { priceBasis } from './price-basis.ts';
import { heedRebalances } from './rebalance.ts';
import { type Situation, survey } from './situation.ts';
import type { Plan, PlanReport, PlanState, Reason, SignalCapacity } from './types.ts';

/** What a reader takes in, and a message carries. */
const REASONS_MAX = 200;

/**
 * What to do now, and why: pure, total, and at rest once its actions are done (planning again yields none).
 *
 * Nodes wanted: the largest of what the observed load, the forecast for when a machine ordered now would be Ready, and
 * the pending pods need; then the bounds, where pause > max > usd_per_hour_max > min > need. The forecast is a floor:
 * it orders nodes and holds them, and never lets one go. `solve` finds the cheapest mix of machines; without it they
 * are chosen one by one.
 */
export function plan(
  given: PlanState,
  forecasts: readonly Forecast[],
  configured: PoolConfig,
  nowMs: number,
  solve: MixSolver | null = null,
): Plan {
  const reasons: Reason[] = [];
  const state = heedRebalances(given, configured, nowMs, reasons);
  const pool = withLearnedCapacities(configured, state);
  const situation = survey(state, forecasts, pool, nowMs, reasons);
  const capacities = capacitiesOf(configured, state);
  const servedPodUids = situation.pending.servedUids;
  if (state.held !== undefined) {
    const decided = decideHeadroom(situation, reportOf(situation, capacities, null, []), reasons);
    const { actions, memory, boundBy, newNodes } = decided;
    const report = { ...reportOf(situation, capacities, boundBy, reasons), starting: newNodes, wantedBack: 0 };
    return { actions, report, memory, servedPodUids };
  }
  const { actions, memory, boundBy, wantedBack } = decide(situation, solve, reasons);
  return {
    actions,
    report: { ...reportOf(situation, capacities, boundBy, reasons), wantedBack },
    memory,
    servedPodUids,
  };
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
    prices: priceBasis(pool.offerings),
    reasons: bounded(reasons),
    rejectedForecasts: forecasted.rejected,
  };
}

function bounded(reasons: readonly Reason[]): readonly Reason[] {
  if (reasons.length <= REASONS_MAX) return reasons;
  const more = reasons.length - (REASONS_MAX - 1);
  return [...reasons.slice(0, REASONS_MAX - 1), { code: 'more', text: `${more} reasons more` }];
}
