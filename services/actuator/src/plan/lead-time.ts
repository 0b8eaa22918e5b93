import type { PoolConfig, SpotConfig } from '@forescale/shared/config';
import { formatDuration } from '@forescale/shared/time';
import type { PlanMemory } from './memory.ts';
import { offeringId, offeringsOf, unitsOf } from './offerings.ts';
import type { PlanState } from './types.ts';

/** What costs more than this times the cheapest of its kind is bought in need only, and is not what a plan waits for. */
const PRICE_FACTOR = 1.5;

/** How long after it was ordered a machine is Ready, and where that is known from. */
export interface LeadTime {
  readonly ms: number;
  readonly why: string;
}

/**
 * The lead time of the slowest offering that may be bought now: allowed by the spot policy, not marked by a recent
 * failure, and at most 1.5 times as dear for a template node as the cheapest of its capacity type.
 *
 * The slowest of them rather than the next: one order mixes offerings, and which is next changes with every machine
 * bought, so that the time ordered for would jump from plan to plan, and a plan would not be at rest after its actions.
 */
export function leadTimeOf(
  state: PlanState,
  pool: PoolConfig,
  spot: SpotConfig,
  memory: PlanMemory,
  nowMs: number,
): LeadTime {
  const ids = likelyOfferings(pool, spot, memory, nowMs);
  let slowest: { readonly id: string; readonly ms: number; readonly nodes: number } | null = null;
  for (const id of ids) {
    const measured = state.leadTimes?.[id];
    const ms = measured?.p95Ms ?? state.leadTimeMs;
    if (slowest === null || ms > slowest.ms) slowest = { id, ms, nodes: measured?.nodes ?? 0 };
  }
  if (slowest === null) return { ms: state.leadTimeMs, why: 'of the pool: no offering may be bought' };
  const { id, ms, nodes } = slowest;
  const from = nodes > 0 ? `p95 of ${nodes} nodes of ${id}` : `of the pool, since too few nodes of ${id} were measured`;
  const among = ids.length > 1 ? `, the slowest of ${ids.length} offerings that may be bought` : '';
  return { ms, why: `${from}${among}` };
}

/** "3m: p95 of 20 nodes of …". */
export function leadTimeText({ ms, why }: LeadTime): string {
  return `${formatDuration(ms)}: ${why}`;
}

function likelyOfferings(pool: PoolConfig, spot: SpotConfig, memory: PlanMemory, nowMs: number): string[] {
  const allowed = offeringsOf(pool).flatMap((offering) => {
    if (offering.capacityType === 'spot' && spot.share === 0) return [];
    const units = unitsOf(offering.allocatable, pool.template.allocatable);
    if (!(units > 0)) return [];
    return [{ id: offeringId(offering), type: offering.capacityType, usdPerUnit: offering.usdPerHour / units }];
  });
  const unmarked = allowed.filter(({ id }) => !(nowMs < (memory.marks[id]?.untilMs ?? 0)));
  const usable = unmarked.length > 0 ? unmarked : allowed;
  const cheapest = { on_demand: Number.POSITIVE_INFINITY, spot: Number.POSITIVE_INFINITY };
  for (const { type, usdPerUnit } of usable) cheapest[type] = Math.min(cheapest[type], usdPerUnit);
  return usable.filter(({ type, usdPerUnit }) => usdPerUnit <= PRICE_FACTOR * cheapest[type]).map(({ id }) => id);
}
