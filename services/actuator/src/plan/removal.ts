import type { PoolConfig } from '@forescale/shared/config';
import type { Fleet } from './fleet.ts';
import { Neighbours } from './neighbours.ts';
import type { NodeLoad } from './node-load.ts';
import { moveAll } from './packing.ts';
import type { Action, PlanState, PoolNode, Reason } from './types.ts';

/** Safety rule: so much of the pool may be on its way out or out of order at once, rounded up. */
const DISRUPTION_SHARE = 0.1;

/** A simulated scheduling costs time; beyond so many in one plan, nodes wait for the next. */
const ATTEMPTS_MAX = 50;

const EPSILON = 1e-9;

/** A node that may leave, and since when it is not needed. */
export interface Candidate {
  readonly node: PoolNode;
  readonly load: NodeLoad | null;
  readonly sinceMs: number;
}

/** Safety rule: with so many nodes of the cluster not Ready, none leaves. Null: there are not that many. */
export function unhealthyReason(state: PlanState, fleet: Fleet): Reason | null {
  if (!fleet.unhealthy) return null;
  const { nodes, unready } = state.cluster;
  return { code: 'hold-unhealthy', text: `${unready} of ${nodes} nodes of the cluster are not Ready; none leaves` };
}

/** How many nodes more may be on their way out or out of order. */
export function disruptionBudget(fleet: Fleet, pool: PoolConfig): number {
  const { share, parallel } = budgetsOf(fleet, pool);
  return Math.max(0, Math.min(share, parallel));
}

function budgetsOf(fleet: Fleet, pool: PoolConfig): { readonly share: number; readonly parallel: number } {
  const nodes = fleet.ready.length + fleet.notReady.length + fleet.onTheWayOut;
  return {
    share: Math.ceil(DISRUPTION_SHARE * nodes - EPSILON) - fleet.onTheWayOut - fleet.notReady.length,
    parallel: pool.scaleDown.maxParallel - fleet.onTheWayOut,
  };
}

/** Removes nodes one by one within the budgets, each only if its pods find places on the nodes that stay. */
export function startRemoval(fleet: Fleet, pool: PoolConfig, reasons: Reason[]) {
  const budgets = budgetsOf(fleet, pool);
  let left = disruptionBudget(fleet, pool);
  let attempts = ATTEMPTS_MAX;
  let waiting = 0;
  const actions: Action[] = [];
  const staying = new Map(fleet.loads.map((load) => [load.node.name, load.place]));
  const neighbours = new Neighbours([...staying.values()], null);
  const homeless: string[] = [];
  const roomAtFirst = new Map(fleet.loads.map(({ place }) => [place, place.free.pods]));
  const hasTaken = ({ place }: NodeLoad) => place.free.pods < (roomAtFirst.get(place) ?? 0);
  let hosts = 0;
  return {
    actions,
    /** False: the node stays for now. */
    remove({ node, load }: Candidate, reason: string): boolean {
      // What is broken already disrupts nobody further.
      const free = node.phase === 'notready';
      if (!free && left === 0) waiting++;
      if (!free && (left === 0 || attempts === 0)) return false;
      if (load !== null && hasTaken(load)) {
        hosts++;
        return false;
      }
      if (load !== null) {
        attempts--;
        staying.delete(node.name);
        if (!moveAll(load.movable, load.place, [...staying.values()], pool.template.allocatable, neighbours)) {
          staying.set(node.name, load.place);
          homeless.push(node.name);
          return false;
        }
      }
      if (!free) left--;
      actions.push({ kind: 'drain', nodeName: node.name, reason, force: false });
      return true;
    },
    close() {
      if (homeless.length > 0) {
        const names = homeless.slice(0, 5).join(', ');
        reasons.push({
          code: 'hold-no-place',
          text: `the pods of ${homeless.length} nodes would find no place: ${names}`,
        });
      }
      if (hosts > 0)
        reasons.push({ code: 'hold-host', text: `${hosts} nodes stay: pods of others that leave now fit on them` });
      if (waiting === 0) return;
      const limit =
        budgets.parallel <= budgets.share ? `max_parallel ${pool.scaleDown.maxParallel}` : '10 % of the pool';
      reasons.push({
        code: 'hold-disruption',
        text: `${waiting} nodes wait: only ${limit} may be out of order at once`,
      });
    },
  };
}

export function candidatesOf(fleet: Fleet, sinceMs: (node: PoolNode) => number): Candidate[] {
  const loads = new Map(fleet.loads.map((load) => [load.node.name, load]));
  return fleet.ready.map((node) => ({ node, load: loads.get(node.name) ?? null, sinceMs: sinceMs(node) }));
}

/** Least utilised first, then the dearest, then by name. */
export function byUse(a: Candidate, b: Candidate): number {
  return (
    (a.load?.utilisation ?? 0) - (b.load?.utilisation ?? 0) ||
    b.node.usdPerHour / b.node.units - a.node.usdPerHour / a.node.units ||
    (a.node.name < b.node.name ? -1 : a.node.name > b.node.name ? 1 : 0)
  );
}
