import type { PoolConfig } from '@forescale/shared/config';
import { formatDuration } from '@forescale/shared/time';
import { type Fleet, isOnTheWayOut } from './fleet.ts';
import type { Action, PlanState, PoolNode, Reason } from './types.ts';

/** With more of the pool than this out of order, the cause is not the nodes; on a small pool one still is replaced. */
const UNREADY_SHARE_MAX = 0.2;
const UNREADY_NODES_MAX = 1;

export interface Repair {
  readonly action: Action;
  /** It came to nothing in the end: what `growthCap` counts, also once its node is gone. */
  readonly machine: { readonly requestId: string; readonly requestedMs: number };
}

/**
 * The node that has been out of order for longest is taken away: its replacement was ordered when it fell silent, since
 * such a node counts for nothing. One at a time, so that what breaks nodes cannot take the pool with it: the next one
 * waits until this one is gone and nothing starts any more. Where there is nothing else to do (the caller sees to that),
 * so that what is done cannot be what the next plan would take back.
 */
export function repair(
  state: PlanState,
  fleet: Fleet,
  pool: PoolConfig,
  nowMs: number,
  reasons: Reason[],
): Repair | null {
  const { enabled, unreadyAfterMs } = pool.repair;
  const broken = fleet.notReady
    .flatMap((node) =>
      typeof node.brokenSinceMs === 'number' ? [{ node, unreadyMs: nowMs - node.brokenSinceMs }] : [],
    )
    .filter(({ node, unreadyMs }) => node.interruptedMs === null && unreadyMs >= unreadyAfterMs)
    .sort((a, b) => b.unreadyMs - a.unreadyMs || (a.node.name < b.node.name ? -1 : 1));
  const [first] = broken;
  if (first === undefined || !enabled) return null;
  const wait = whyWait(state, fleet);
  if (wait !== null) {
    reasons.push({ code: 'hold-repair', text: `${named(broken)} not Ready and not replaced: ${wait}` });
    return null;
  }
  const reason = `not Ready for ${formatDuration(wholeSeconds(first.unreadyMs))}, its machine is replaced`;
  const { name, createdMs } = first.node;
  return {
    action: { kind: 'drain', nodeName: name, reason, force: true },
    machine: { requestId: name, requestedMs: createdMs },
  };
}

function whyWait(state: PlanState, fleet: Fleet): string | null {
  if (fleet.unhealthy)
    return `${state.cluster.unready} of ${state.cluster.nodes} nodes of the cluster are not Ready, which no new machine mends`;
  const unready = fleet.notReady.length;
  const nodes = state.nodes.filter((node) => !isOnTheWayOut(node)).length;
  if (unready > Math.max(UNREADY_NODES_MAX, UNREADY_SHARE_MAX * nodes))
    return `${unready} of ${nodes} nodes of the pool are not Ready, which is more than 20 %`;
  const leaving = state.nodes.find(isOnTheWayOut);
  if (leaving !== undefined) return `${leaving.name} goes first`;
  return fleet.starting.length > 0 ? `${fleet.starting.length} machines are still starting` : null;
}

function named(broken: readonly { readonly node: PoolNode }[]): string {
  const names = broken.slice(0, 3).map(({ node }) => node.name);
  return `${names.join(', ')}${broken.length > 3 ? ` and ${broken.length - 3} more` : ''}`;
}

function wholeSeconds(ms: number): number {
  return Math.round(ms / 1_000) * 1_000;
}
