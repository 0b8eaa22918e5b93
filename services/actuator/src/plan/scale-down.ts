import type { PoolConfig, SpotConfig } from '@forescale/shared/config';
import { formatDuration } from '@forescale/shared/time';
import type { Fleet } from './fleet.ts';
import { Leaving } from './leaving.ts';
import { byUse, type Candidate, candidatesOf, startRemoval, unhealthyReason } from './removal.ts';
import { maxShares, type Shares } from './shares.ts';
import type { Action, PlanState, Reason } from './types.ts';

/** What has to remain. Shares are nodes of the template, floors are machines. */
export interface Remainder {
  /** What the observed load needs now, and what was ordered on other grounds. */
  readonly needed: Shares;
  readonly floorNow: number;
  /** What the forecast may want before a machine ordered later could be there. */
  readonly hold: Shares;
  readonly holdWhy: string;
  readonly holdFloor: number;
  /** The policy's share of spot, which holds for what remains as well. */
  readonly spot: SpotConfig;
  /** Every signal was observed: without that no node is known to be unneeded. */
  readonly observed: boolean;
}

export interface Shrinkage {
  readonly actions: Action[];
  readonly unneededSinceMs: Readonly<Record<string, number>>;
}

/**
 * Lets nodes go that the observed load has not needed for `unneeded`, unless something speaks for waiting; every such
 * reason is reported. Which nodes: the longest unneeded, then the least utilised, then the dearest, then by name.
 */
export function shrink(
  state: PlanState,
  fleet: Fleet,
  pool: PoolConfig,
  remainder: Remainder,
  nowMs: number,
  reasons: Reason[],
): Shrinkage {
  const { scaleDown } = pool;
  if (!scaleDown.enabled || !remainder.observed) return { actions: [], unneededSinceMs: {} };
  const unneeded = unneededNodes(state, fleet, pool, remainder, nowMs, reasons);
  const unneededSinceMs = Object.fromEntries(unneeded.map(({ node, sinceMs }) => [node.name, sinceMs]));
  const ripe = unneeded.filter((one) => nowMs - one.sinceMs >= scaleDown.unneededMs);
  if (unneeded.length > ripe.length) {
    const text = `${unneeded.length - ripe.length} nodes not needed, but not yet for ${formatDuration(scaleDown.unneededMs)}`;
    reasons.push({ code: 'hold-unneeded', text });
  }
  if (ripe.length === 0) return { actions: [], unneededSinceMs };
  const wait = whyWait(state, fleet, pool, nowMs);
  if (wait !== null) {
    reasons.push(wait);
    return { actions: [], unneededSinceMs };
  }
  return { actions: removals(fleet, pool, remainder, ripe, nowMs, reasons), unneededSinceMs };
}

/** As many nodes as the observed load can do without; those that were unneeded before come first. */
function unneededNodes(
  state: PlanState,
  fleet: Fleet,
  pool: PoolConfig,
  remainder: Remainder,
  nowMs: number,
  reasons: Reason[],
): Candidate[] {
  const since = state.memory.unneededSinceMs;
  const { needed, floorNow, spot } = remainder;
  if (fleet.ready.length <= floorNow) return [];
  const candidates = candidatesOf(fleet, (node) => since[node.name] ?? Number.POSITIVE_INFINITY);
  candidates.sort((a, b) => a.sinceMs - b.sinceMs || byUse(a, b));
  const unneeded: Candidate[] = [];
  const busy: string[] = [];
  const kept = new Map<string, string>();
  const left = new Leaving(fleet, pool, spot);
  for (const { node, load } of candidates) {
    if (left.nodes - 1 < floorNow) break;
    if (!left.canSpare(node, needed)) continue;
    if (node.keptBecause !== null) kept.set(node.name, node.keptBecause);
    else if (load !== null && load.utilisation >= pool.scaleDown.utilisationBelow) busy.push(node.name);
    else {
      unneeded.push({ node, load, sinceMs: Math.min(nowMs, since[node.name] ?? nowMs) });
      left.remove(node);
    }
  }
  if (busy.length > 0) {
    const limit = (100 * pool.scaleDown.utilisationBelow).toFixed(0);
    reasons.push({
      code: 'hold-utilisation',
      text: `${busy.length} nodes are used to ${limit} % or more: none of them may leave`,
    });
  }
  for (const [name, why] of [...kept].slice(0, 10)) reasons.push({ code: 'hold-kept', text: `${name} stays: ${why}` });
  return unneeded;
}

/** Why no node may leave now, whichever it is. */
export function whyWait(state: PlanState, fleet: Fleet, pool: PoolConfig, nowMs: number): Reason | null {
  const { afterScaleUpMs, afterFailureMs } = pool.scaleDown;
  const { lastScaleUpMs, lastFailureMs } = state.memory;
  const breaker = unhealthyReason(state, fleet);
  if (breaker !== null) return breaker;
  if (lastScaleUpMs !== null && nowMs - lastScaleUpMs < afterScaleUpMs) {
    const text = `${formatDuration(nowMs - lastScaleUpMs)} after a scale-up; nodes leave after ${formatDuration(afterScaleUpMs)}`;
    return { code: 'hold-after-scale-up', text };
  }
  if (lastFailureMs !== null && nowMs - lastFailureMs < afterFailureMs) {
    const text = `${formatDuration(nowMs - lastFailureMs)} after a failure; nodes leave after ${formatDuration(afterFailureMs)}`;
    return { code: 'hold-after-failure', text };
  }
  return null;
}

function removals(
  fleet: Fleet,
  pool: PoolConfig,
  remainder: Remainder,
  ripe: Candidate[],
  nowMs: number,
  reasons: Reason[],
): Action[] {
  const keep = maxShares(remainder.needed, remainder.hold);
  const removal = startRemoval(fleet, pool, reasons);
  const left = new Leaving(fleet, pool, remainder.spot);
  let held = 0;
  let billed = 0;
  for (const candidate of ripe.sort(byUse)) {
    const { node, sinceMs } = candidate;
    if (left.nodes - 1 < remainder.holdFloor || !left.canSpare(node, keep)) held++;
    else if (nowMs - node.createdMs < pool.scaleDown.minBillingMs) billed++;
    else if (removal.remove(candidate, `not needed for ${formatDuration(nowMs - sinceMs)}`)) {
      left.remove(node);
    }
  }
  if (held > 0) reasons.push({ code: 'hold-forecast', text: `${held} spare nodes stay: ${remainder.holdWhy}` });
  if (billed > 0) {
    const least = formatDuration(pool.scaleDown.minBillingMs);
    reasons.push({
      code: 'hold-min-billing',
      text: `${billed} spare nodes are paid for anyway until they are ${least} old`,
    });
  }
  removal.close();
  return removal.actions;
}
