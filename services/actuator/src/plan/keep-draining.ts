import type { Bounds, PoolConfig } from '@forescale/shared/config';
import { type Fleet, fleetOf, missesTarget, stayingMachines, type Target } from './fleet.ts';
import { keepsPolicy, type StayingMachine, tallyOf } from './offerings.ts';
import { type PendingNeed, packPending } from './pending.ts';
import type { PlanState, PoolNode } from './types.ts';

/** Each trial packs all pending pods anew. */
const TRIALS_MAX = 5;

/** A state, and what follows from it. */
export interface Outlook {
  readonly state: PlanState;
  readonly fleet: Fleet;
  readonly pending: PendingNeed;
}

/** Packs the pods of `state` anew; what there is to say about them has been said. */
export function outlookOf(state: PlanState, pool: PoolConfig, nowMs: number): Outlook {
  const fleet = fleetOf(state, pool, nowMs);
  return { state, fleet, pending: packPending(state, pool, fleet.loads, nowMs, []) };
}

/**
 * Draining nodes that are to stay after all: those that the target lacks, and those on which pending pods find the
 * place that they would otherwise need a new node for; as far as the bounds and the policy for spot have room for them beside all that stays.
 */
export function keepDraining(
  before: Outlook,
  pool: PoolConfig,
  bounds: Bounds,
  target: Target,
  nowMs: number,
): { readonly kept: readonly PoolNode[]; readonly outlook: Outlook } {
  const usdPerHourMax = bounds.usdPerHourMax?.value ?? Number.POSITIVE_INFINITY;
  const hasRoom = (fleet: Fleet, node: PoolNode) =>
    node.interruptedMs === null &&
    fleet.staying < bounds.maxNodes.value &&
    fleet.stayingUsdPerHour + node.usdPerHour <= usdPerHourMax &&
    mayReturn(fleet, node, pool, bounds);
  const kept: PoolNode[] = [];
  let { state } = before;
  let fleet = before.fleet;
  const candidates = [...fleet.draining].sort((a, b) => (a.name < b.name ? -1 : 1));
  // An on-demand node that stays may let a spot node stay that was asked before it.
  let rest = candidates;
  let isChanged = true;
  while (isChanged) {
    const asked = rest;
    rest = [];
    for (const node of asked) {
      if (!missesTarget(fleet, pool, target) || !hasRoom(fleet, node)) {
        rest.push(node);
        continue;
      }
      kept.push(node);
      state = withReady(state, node);
      fleet = fleetOf(state, pool, nowMs);
    }
    isChanged = rest.length < asked.length;
  }
  let outlook = kept.length === 0 ? before : outlookOf(state, pool, nowMs);
  for (const node of rest.slice(0, TRIALS_MAX)) {
    if (outlook.pending.newNodes === 0 || !hasRoom(outlook.fleet, node)) continue;
    const trial = outlookOf(withReady(outlook.state, node), pool, nowMs);
    if (trial.pending.newNodes >= outlook.pending.newNodes) continue;
    kept.push(node);
    outlook = trial;
  }
  return { kept, outlook };
}

function withReady(state: PlanState, kept: PoolNode): PlanState {
  return { ...state, nodes: state.nodes.map((node) => (node === kept ? { ...node, phase: 'ready' } : node)) };
}

/**
 * Whether the policy for spot lets the node stay beside what is Ready. An on-demand machine that is on its way allows for
 * no spot node yet, else what one plan orders would have the next one take a drain back.
 */
function mayReturn(fleet: Fleet, node: PoolNode, pool: PoolConfig, { spot }: Bounds): boolean {
  if (node.capacityType !== 'spot') return true;
  const isCounted = (one: StayingMachine, i: number) => i < fleet.ready.length || one.capacityType === 'spot';
  return keepsPolicy(tallyOf([...stayingMachines(fleet, pool).filter(isCounted), node], pool), spot);
}
