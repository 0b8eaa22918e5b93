import type { Bounds, PoolConfig } from '@forescale/shared/config';
import { formatDuration } from '@forescale/shared/time';
import type { Fleet } from './fleet.ts';
import type { NodeLoad } from './node-load.ts';
import { placeAll } from './packing.ts';
import type { Action, PlanState, PoolNode, Reason } from './types.ts';

/** Safety rule: so much of the pool may be on its way out or out of order at once, rounded up. */
const DISRUPTION_SHARE = 0.1;

/** A simulated scheduling costs time; nodes whose pods found no place are asked again with the next plan. */
const ATTEMPTS_PER_REMOVAL = 4;

const EPSILON = 1e-9;

/** What has to remain. Units are nodes of the template, floors are machines. */
export interface Remainder {
  /** What the observed load needs now, and what was ordered on other grounds. */
  readonly neededUnits: number;
  readonly floorNow: number;
  /** What the forecast may want before a machine ordered later could be there. */
  readonly holdUnits: number;
  readonly holdWhy: string;
  readonly holdFloor: number;
  /** Every signal was observed: without that no node is known to be unneeded. */
  readonly observed: boolean;
}

export interface Shrinkage {
  readonly actions: Action[];
  readonly unneededSinceMs: Readonly<Record<string, number>>;
}

/** Nodes that may leave, least utilised first. */
interface Candidate {
  readonly node: PoolNode;
  readonly load: NodeLoad | null;
  readonly sinceMs: number;
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
  const { neededUnits, floorNow } = remainder;
  if (fleet.ready.length <= floorNow || fleet.readyUnits <= neededUnits) return [];
  const candidates = candidatesOf(fleet, (node) => since[node.name] ?? Number.POSITIVE_INFINITY);
  candidates.sort((a, b) => a.sinceMs - b.sinceMs || byUse(a, b));
  const unneeded: Candidate[] = [];
  const busy: string[] = [];
  const kept = new Map<string, string>();
  let units = fleet.readyUnits;
  let nodes = fleet.ready.length;
  for (const { node, load } of candidates) {
    if (nodes - 1 < floorNow) break;
    if (units - node.units + EPSILON * Math.max(1, units) < neededUnits) continue;
    if (node.keptBecause !== null) kept.set(node.name, node.keptBecause);
    else if (load !== null && load.utilisation >= pool.scaleDown.utilisationBelow) busy.push(node.name);
    else {
      unneeded.push({ node, load, sinceMs: Math.min(nowMs, since[node.name] ?? nowMs) });
      units -= node.units;
      nodes--;
    }
  }
  if (busy.length > 0) {
    const limit = (100 * pool.scaleDown.utilisationBelow).toFixed(0);
    reasons.push({ code: 'hold-utilisation', text: `${busy.length} spare nodes are used to ${limit} % or more` });
  }
  for (const [name, why] of [...kept].slice(0, 10)) reasons.push({ code: 'hold-kept', text: `${name} stays: ${why}` });
  return unneeded;
}

/** Why no node may leave now, whichever it is. */
function whyWait(state: PlanState, fleet: Fleet, pool: PoolConfig, nowMs: number): Reason | null {
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

function unhealthyReason(state: PlanState, fleet: Fleet): Reason | null {
  if (!fleet.unhealthy) return null;
  const { nodes, unready } = state.cluster;
  return { code: 'hold-unhealthy', text: `${unready} of ${nodes} nodes of the cluster are not Ready; none leaves` };
}

function removals(
  fleet: Fleet,
  pool: PoolConfig,
  remainder: Remainder,
  ripe: Candidate[],
  nowMs: number,
  reasons: Reason[],
): Action[] {
  const keep = { units: Math.max(remainder.neededUnits, remainder.holdUnits), nodes: remainder.holdFloor };
  const removal = startRemoval(fleet, pool, reasons);
  let units = fleet.readyUnits;
  let nodes = fleet.ready.length;
  let held = 0;
  for (const candidate of ripe.sort(byUse)) {
    const { node, sinceMs } = candidate;
    if (units - node.units + EPSILON * Math.max(1, units) < keep.units || nodes - 1 < keep.nodes) held++;
    else if (nowMs - node.createdMs < pool.scaleDown.minBillingMs) {
      const left = formatDuration(pool.scaleDown.minBillingMs - (nowMs - node.createdMs));
      reasons.push({ code: 'hold-min-billing', text: `${node.name} is paid for ${left} more` });
    } else if (removal.remove(candidate, `not needed for ${formatDuration(nowMs - sinceMs)}`)) {
      units -= node.units;
      nodes--;
    }
  }
  if (held > 0) reasons.push({ code: 'hold-forecast', text: `${held} spare nodes stay: ${remainder.holdWhy}` });
  removal.close();
  return removal.actions;
}

/**
 * Lets go what is above a `max`, or a price, that has fallen: needed or not, but within the disruption budget, and no
 * node whose pods would be left without a place. Machines that are still starting go first: they carry nothing.
 */
export function shed(state: PlanState, fleet: Fleet, pool: PoolConfig, bounds: Bounds, reasons: Reason[]): Action[] {
  const usdMax = bounds.usdPerHourMax;
  let nodes = fleet.total - fleet.onTheWayOut - fleet.timedOut.length - fleet.interrupted.length;
  let usdPerHour = stayingUsdPerHour(state, fleet);
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
  const broken = fleet.notReady.map((node) => ({ node, load: null, sinceMs: 0 }));
  for (const candidate of [...broken, ...candidatesOf(fleet, () => 0).sort(byUse)]) {
    const reason = why();
    if (reason === null) break;
    if (candidate.node.keptBecause !== null || !removal.remove(candidate, reason)) continue;
    nodes--;
    usdPerHour -= candidate.node.usdPerHour;
  }
  removal.close();
  const rest = why();
  if (rest !== null) reasons.push({ code: 'above-bound', text: `${rest}, still after this plan` });
  return [...actions, ...removal.actions];
}

function stayingUsdPerHour(state: PlanState, fleet: Fleet): number {
  let usdPerHour = 0;
  for (const node of state.nodes) {
    if (node.phase !== 'draining' && node.phase !== 'leaving' && node.interruptedMs === null)
      usdPerHour += node.usdPerHour;
  }
  for (const node of fleet.starting) usdPerHour += node.offering.usdPerHour;
  return usdPerHour;
}

/** Removes nodes one by one within the budgets, each only if its pods find places on the nodes that stay. */
function startRemoval(fleet: Fleet, pool: PoolConfig, reasons: Reason[]) {
  const poolNodes = fleet.ready.length + fleet.notReady.length + fleet.onTheWayOut;
  const budget = Math.ceil(DISRUPTION_SHARE * poolNodes - EPSILON) - fleet.onTheWayOut - fleet.notReady.length;
  const parallel = pool.scaleDown.maxParallel - fleet.onTheWayOut;
  let left = Math.max(0, Math.min(budget, parallel));
  let attempts = ATTEMPTS_PER_REMOVAL * left;
  let waiting = 0;
  const actions: Action[] = [];
  const staying = new Map(fleet.loads.map((load) => [load.node.name, load.place]));
  const homeless: string[] = [];
  return {
    actions,
    /** False: the node stays for now. */
    remove({ node, load }: Candidate, reason: string): boolean {
      // What is broken already disrupts nobody further.
      const free = node.phase === 'notready';
      if (!free && left === 0) waiting++;
      if (!free && (left === 0 || attempts === 0)) return false;
      if (load !== null) {
        attempts--;
        staying.delete(node.name);
        if (!placeAll(load.movable, [...staying.values()], pool.template.allocatable)) {
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
      if (waiting === 0) return;
      const limit = parallel <= budget ? `max_parallel ${pool.scaleDown.maxParallel}` : '10 % of the pool';
      reasons.push({
        code: 'hold-disruption',
        text: `${waiting} nodes wait: only ${limit} may be out of order at once`,
      });
    },
  };
}

function candidatesOf(fleet: Fleet, sinceMs: (node: PoolNode) => number): Candidate[] {
  const loads = new Map(fleet.loads.map((load) => [load.node.name, load]));
  return fleet.ready.map((node) => ({ node, load: loads.get(node.name) ?? null, sinceMs: sinceMs(node) }));
}

function byUse(a: Candidate, b: Candidate): number {
  return (
    (a.load?.utilisation ?? 0) - (b.load?.utilisation ?? 0) ||
    b.node.usdPerHour / b.node.units - a.node.usdPerHour / a.node.units ||
    (a.node.name < b.node.name ? -1 : a.node.name > b.node.name ? 1 : 0)
  );
}
