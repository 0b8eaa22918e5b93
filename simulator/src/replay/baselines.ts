import { type Peak, stepReactive } from '@forescale/actuator/plan';
import { clampNodes, countPolicy } from './count-policy.ts';
import type { Demand } from './demand.ts';
import { HoltWintersCurve } from './holt-winters.ts';
import type { MachineCount } from './machines.ts';
import type { Policy, PolicyKnobs, PolicyView } from './policy.ts';

const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
const DAY_HOURS = 24;
const EPSILON = 1e-9;

/** The part of the demand that is history: the steps before `until`. */
export interface HistoryPart {
  readonly demand: Demand;
  readonly until: number;
  readonly capacityPerNode: number;
}

/**
 * As Cluster Autoscaler: at every tick it orders what the pods that find no place need, counting what has been ordered
 * already; a node leaves once it was not needed for `unneeded`, and no node within `after_scale_up` of an order.
 */
export function reactivePolicy(knobs: PolicyKnobs): Policy {
  // Rounded up as it comes, in this order: so do others whose fronts this one is held against.
  const needOf = ({ demand, capacityPerNode }: PolicyView) =>
    Math.ceil((Math.max(0, demand) * (1 + knobs.headroom)) / capacityPerNode);
  const mayLeave = ({ demandNodes }: PolicyView, { readyUnits }: MachineCount) =>
    knobs.utilisationBelow >= 1 || demandNodes < knobs.utilisationBelow * readyUnits;
  return followNeed(needOf, mayLeave);
}

/** The Horizontal Pod Autoscaler leaves a replica count alone while it is off by less than this. */
const TARGET_TOLERANCE = 0.1;

/**
 * As the Horizontal Pod Autoscaler counts replicas: capacity follows demand / target, changes within 10 % are left,
 * and it shrinks only to the largest count wanted within the stabilisation window, which is `unneeded` here.
 */
export function targetPolicy(knobs: PolicyKnobs): Policy {
  return followNeed((view, machines) => {
    const present = Math.max(1, machines.ready + machines.starting);
    const ratio = view.demandNodes / present / knobs.targetUtilisation;
    return Math.abs(ratio - 1) <= TARGET_TOLERANCE ? present : wholeNodes(present * ratio);
  });
}

/**
 * As the classic predictive autoscaler: what Holt-Winters expects for when a machine ordered now is Ready, or what is
 * observed where that is more, and a margin.
 */
export function holtWintersPolicy(knobs: PolicyKnobs, history: HistoryPart, leadTimeMs: number): Policy {
  const { demand, until, capacityPerNode } = history;
  const curve = new HoltWintersCurve(demand.startMs, demand.sampleMs, leadTimeMs);
  for (let step = 0; step < until; step++)
    curve.take(demand.startMs + step * demand.stepMs, demand.values[step] as number);
  let takenMs = Number.NEGATIVE_INFINITY;
  return followNeed((view) => {
    // A step may ask again, after a creation was refused.
    if (view.nowMs > takenMs) curve.take(view.nowMs, view.demand);
    takenMs = view.nowMs;
    const expected = (curve.at(view.nowMs + leadTimeMs) ?? 0) / capacityPerNode;
    return wholeNodes(Math.max(view.demandNodes, expected) * (1 + knobs.margin));
  });
}

/** The same number of nodes always: what the history needed at the given quantile. */
export function staticPolicy(knobs: PolicyKnobs, history: HistoryPart): Policy {
  const { demand, until, capacityPerNode } = history;
  const sized = quantile(demand.values.slice(0, Math.max(1, until)), knobs.staticQuantile);
  const nodes = wholeNodes(sized / capacityPerNode);
  return countPolicy((view, machines) => {
    const desired = clampNodes(nodes, view);
    const missing = desired - machines.ready - machines.starting;
    return { order: Math.max(0, missing), release: Math.max(0, -missing), desired };
  });
}

/**
 * As an operator with a crontab: for each hour of the week (of the day, with less than two weeks of history) what the
 * history needed in it at the given quantile, Ready when the hour begins.
 */
export function schedulePolicy(knobs: PolicyKnobs, history: HistoryPart, leadTimeMs: number): Policy {
  const { demand, until, capacityPerNode } = history;
  const hours = (until * demand.stepMs) / HOUR_MS >= 2 * WEEK_HOURS ? WEEK_HOURS : DAY_HOURS;
  const seen: number[][] = Array.from({ length: hours }, () => []);
  for (let step = 0; step < Math.max(1, until); step++) {
    seen[hourOf(demand.startMs + step * demand.stepMs, hours)]?.push(demand.values[step] as number);
  }
  const all = quantile(demand.values.slice(0, Math.max(1, until)), knobs.scheduleQuantile);
  const table = seen.map((values) => {
    const wanted = values.length === 0 ? all : quantile(Float64Array.from(values), knobs.scheduleQuantile);
    return wholeNodes(wanted / capacityPerNode);
  });
  const at = (timeMs: number) => table[hourOf(timeMs, hours)] as number;
  // Up early enough for the next hour, down only when it has come.
  return followNeed(({ nowMs }) => Math.max(at(nowMs), at(nowMs + leadTimeMs)));
}

function hourOf(timeMs: number, hours: number): number {
  return Math.floor(timeMs / HOUR_MS) % hours;
}

/**
 * Orders what the need lacks; lets go what was above its peak for `unneeded`, no sooner than `after_scale_up`. The same
 * for all baselines but `static`: they differ in what they take for the need, and in nothing else.
 */
function followNeed(
  needOf: (view: PolicyView, machines: MachineCount) => number,
  mayLeave: (view: PolicyView, machines: MachineCount) => boolean = () => true,
): Policy {
  let before: { peaks: readonly Peak[]; startedMs: number } | null = null;
  let orderedMs = Number.NEGATIVE_INFINITY;
  return countPolicy((view, machines) => {
    const { unneededMs, afterScaleUpMs } = view.pool.scaleDown;
    const need = clampNodes(needOf(view, machines), view);
    before ??= { peaks: [], startedMs: view.nowMs };
    const step = stepReactive(need, machines, before, view.nowMs, unneededMs);
    before = { ...before, peaks: step.peaks };
    if (step.order > 0) orderedMs = view.nowMs;
    const release = view.nowMs - orderedMs >= afterScaleUpMs && mayLeave(view, machines) ? step.release : 0;
    return { order: step.order, release, desired: need };
  });
}

/** A quotient that is above a whole number by its rounding alone asks for no node more. */
function wholeNodes(nodes: number): number {
  return Math.ceil(nodes - EPSILON);
}

/** The smallest value that at least the share `level` of all values does not exceed. Sorts `values`. */
function quantile(values: Float64Array, level: number): number {
  values.sort();
  return values[Math.min(values.length - 1, Math.max(0, Math.ceil(level * values.length) - 1))] as number;
}
