import { boundsAt, type PoolConfig } from '@forescale/shared/config';
import { formatDuration } from '@forescale/shared/time';
import { withFailure } from './memory.ts';
import type { PlanState, PoolNode, Reason } from './types.ts';

/** So long a node at risk counts for nothing; one that is still there then is one like any other. */
const SPARED_MS = 60 * 60_000;

/** Safety rule: recommendations may come by the dozen, and for what replaces as well: so many of the pool an hour. */
const PER_HOUR_SHARE = 0.1;

/** A replacement is on its way or there, so that nothing is lost when the machine is taken back. */
export function isSpared(node: PoolNode, { memory }: PlanState, nowMs: number): boolean {
  const grantedMs = memory.preProvisionedMs[node.name];
  return grantedMs !== undefined && nowMs - grantedMs < SPARED_MS;
}

/**
 * Takes in what the cloud says of machines at risk, where the policy for spot wants to hear of it: such a node is not
 * built on for an hour, so that its replacement is ordered ahead, of another offering; it stays and is not drained.
 * Once for each node, and few in an hour, else replacements at risk were replaced without end.
 */
export function heedRebalances(state: PlanState, pool: PoolConfig, nowMs: number, reasons: Reason[]): PlanState {
  const before = Object.entries(state.memory.preProvisionedMs);
  if (before.length === 0 && state.nodes.every((node) => !isAtRisk(node))) return state;
  const names = new Set(state.nodes.map((node) => node.name));
  const known = before.filter(([name, ms]) => names.has(name) || nowMs - ms < SPARED_MS);
  const bounds = boundsAt(pool, nowMs, state.override);
  const isHeeded = bounds.spot.rebalance && !bounds.paused;
  const isNew = (node: PoolNode) => isAtRisk(node) && !known.some(([name]) => name === node.name);
  const atRisk = isHeeded ? state.nodes.filter(isNew) : [];
  if (atRisk.length === 0 && known.length === before.length) return state;
  const lately = known.filter(([, ms]) => nowMs - ms < SPARED_MS).length;
  const perHour = Math.max(1, Math.ceil(PER_HOUR_SHARE * state.nodes.length - 1e-9));
  const room = bounds.maxNodes.value - state.nodes.length - state.starting.length;
  const granted = atRisk.slice(0, Math.max(0, Math.min(perHour - lately, room)));
  let memory = { ...state.memory, preProvisionedMs: Object.fromEntries(known) };
  for (const { name, offeringId } of granted) {
    memory = { ...memory, preProvisionedMs: { ...memory.preProvisionedMs, [name]: nowMs } };
    if (offeringId !== null) memory = withFailure(memory, offeringId, nowMs);
    reasons.push({ code: 'rebalance', text: `${name} is at risk: it stays, and its replacement is ordered ahead` });
  }
  if (granted.length < atRisk.length) {
    const limit = room <= granted.length ? 'no room for more' : `${perHour} of them in ${formatDuration(SPARED_MS)}`;
    const text = `${atRisk.length - granted.length} nodes at risk are not replaced ahead: ${limit}`;
    reasons.push({ code: 'hold-rebalance', text });
  }
  return { ...state, memory };
}

function isAtRisk({ phase, rebalanceMs, interruptedMs }: PoolNode): boolean {
  return typeof rebalanceMs === 'number' && interruptedMs === null && phase === 'ready';
}
