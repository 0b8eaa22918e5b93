import type { Bounds, PoolConfig } from '@forescale/shared/config';
import type { Fleet } from './fleet.ts';
import { Leaving } from './leaving.ts';
import { byUse, candidatesOf, startRemoval, unhealthyReason } from './removal.ts';
import type { Action, PlanState, PoolNode, Reason } from './types.ts';

const EPSILON = 1e-9;

/**
 * Lets go what is above a `max`, or a price, that has fallen: needed or not, but within the disruption budget, and no
 * node whose pods would be left without a place. Machines that are still starting go first: they carry nothing.
 */
export function shed(state: PlanState, fleet: Fleet, pool: PoolConfig, bounds: Bounds, reasons: Reason[]): Action[] {
  const usdMax = bounds.usdPerHourMax;
  let { staying: nodes, stayingUsdPerHour: usdPerHour } = fleet;
  const why = () => {
    if (nodes > bounds.maxNodes.value)
      return `${nodes} nodes are above the max of ${bounds.maxNodes.value} (${bounds.maxNodes.from})`;
    if (usdMax === null || usdPerHour <= usdMax.value + EPSILON) return null;
    return `${usdPerHour.toFixed(2)} USD/h are above usd_per_hour_max of ${usdMax.value} (${usdMax.from})`;
  };
  const first = why();
  if (first === null) return [];
  if (!pool.scaleDown.enabled) {
    reasons.push({ code: 'hold-disabled', text: `${first}, but scale_down is not enabled` });
    return [];
  }
  const breaker = unhealthyReason(state, fleet);
  if (breaker !== null) {
    reasons.push(breaker);
    return [];
  }
  const actions: Action[] = [];
  for (const one of [...fleet.starting].sort(
    (a, b) => b.requestedMs - a.requestedMs || (a.requestId < b.requestId ? -1 : 1),
  )) {
    const reason = why();
    if (reason === null) return actions;
    actions.push({ kind: 'cancel-start', requestId: one.requestId, reason });
    nodes--;
    usdPerHour -= one.offering.usdPerHour;
  }
  const removal = startRemoval(fleet, pool, reasons);
  const chosen: PoolNode[] = [];
  const broken = fleet.notReady.map((node) => ({ node, load: null, sinceMs: 0 }));
  const left = new Leaving(fleet, pool, bounds.spot);
  const queue = [...broken, ...candidatesOf(fleet, () => 0).sort(byUse)];
  // First those without which the rest keeps to the policy's spot; then, since the bound comes first, any.
  for (const isAny of [false, true]) {
    for (const candidate of queue) {
      const { node } = candidate;
      const reason = why();
      if (reason === null) break;
      if (node.keptBecause !== null || chosen.includes(node) || (!isAny && !left.keepsPolicy(node))) continue;
      if (!removal.remove(candidate, reason)) continue;
      chosen.push(node);
      if (node.phase === 'ready') left.remove(node);
      nodes--;
      usdPerHour -= node.usdPerHour;
    }
  }
  // A dear node that left late may have made room for a cheap one that was chosen before it.
  const spared = new Set<string>();
  for (const node of chosen) {
    if (nodes + 1 > bounds.maxNodes.value || usdPerHour + node.usdPerHour > (usdMax?.value ?? Number.POSITIVE_INFINITY))
      continue;
    spared.add(node.name);
    nodes++;
    usdPerHour += node.usdPerHour;
  }
  removal.close();
  const rest = why();
  if (rest !== null) reasons.push({ code: 'above-bound', text: `${rest}, still after this plan` });
  return [...actions, ...removal.actions.filter((action) => action.kind !== 'drain' || !spared.has(action.nodeName))];
}
