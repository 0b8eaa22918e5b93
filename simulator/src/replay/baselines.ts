import { type Peak, stepReactive } from '@forescale/actuator/plan';
import type { PoolConfig } from '@forescale/shared/config';
import { clampNodes, countPolicy } from './count-policy.ts';
import type { Demand } from './demand.ts';
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

/** Orders what the demand lacks once it is seen lacking; lets go what was above its peak for `unneeded`. */
export function reactivePolicy(pool: PoolConfig, knobs: PolicyKnobs): Policy {
  let before: { peaks: readonly Peak[]; startedMs: number } | null = null;
  return countPolicy(pool, (view, machines) => {
    const need = clampNodes(Math.ceil(view.demandNodes * (1 + knobs.headroom) - EPSILON), view);
    before ??= { peaks: [], startedMs: view.nowMs };
    const step = stepReactive(need, machines, before, view.nowMs, pool.scaleDown.unneededMs);
    before = { ...before, peaks: step.peaks };
    return { order: step.order, release: step.release, desired: need };
  });
}

/** The Horizontal Pod Autoscaler leaves a replica count alone while it is off by less than this. */
const TARGET_TOLERANCE = 0.1;

/**
 * As the Horizontal Pod Autoscaler counts replicas: capacity follows demand / target, changes within 10 % are left,
 * and it shrinks only to the largest count wanted within the stabilisation window, which is `unneeded` here.
 */
export function targetPolicy(pool: PoolConfig, knobs: PolicyKnobs): Policy {
  let before: { peaks: readonly Peak[]; startedMs: number } | null = null;
  return countPolicy(pool, (view, machines) => {
    const present = Math.max(1, machines.ready + machines.starting);
    const ratio = view.demandNodes / present / knobs.targetUtilisation;
    const within = Math.abs(ratio - 1) <= TARGET_TOLERANCE;
    const need = clampNodes(within ? present : Math.ceil(present * ratio - EPSILON), view);
    before ??= { peaks: [], startedMs: view.nowMs };
    const step = stepReactive(need, machines, before, view.nowMs, pool.scaleDown.unneededMs);
    before = { ...before, peaks: step.peaks };
    return { order: step.order, release: step.release, desired: need };
  });
}

/** The same number of nodes always: what the history needed at the given quantile. */
export function staticPolicy(pool: PoolConfig, knobs: PolicyKnobs, history: HistoryPart): Policy {
  const { demand, until, capacityPerNode } = history;
  const sized = quantile(demand.values.slice(0, Math.max(1, until)), knobs.staticQuantile);
  const nodes = Math.ceil(sized / capacityPerNode - EPSILON);
  return countPolicy(pool, (view, machines) => follow(nodes, view, machines));
}

/**
 * As an operator with a crontab: for each hour of the week (of the day, with less than two weeks of history) what the
 * history needed in it at the given quantile, Ready when the hour begins.
 */
export function schedulePolicy(pool: PoolConfig, knobs: PolicyKnobs, history: HistoryPart): Policy {
  const { demand, until, capacityPerNode } = history;
  const hours = (until * demand.stepMs) / HOUR_MS >= 2 * WEEK_HOURS ? WEEK_HOURS : DAY_HOURS;
  const seen: number[][] = Array.from({ length: hours }, () => []);
  for (let step = 0; step < Math.max(1, until); step++) {
    seen[hourOf(demand.startMs + step * demand.stepMs, hours)]?.push(demand.values[step] as number);
  }
  const all = quantile(demand.values.slice(0, Math.max(1, until)), knobs.scheduleQuantile);
  const table = seen.map((values) =>
    Math.ceil(
      (values.length === 0 ? all : quantile(Float64Array.from(values), knobs.scheduleQuantile)) / capacityPerNode -
        EPSILON,
    ),
  );
  const at = (timeMs: number) => table[hourOf(timeMs, hours)] as number;
  return countPolicy(pool, (view, machines) => {
    // Up early enough for the next hour, down only when it has come.
    const nodes = Math.max(at(view.nowMs), at(view.nowMs + pool.leadTimeMs));
    return follow(nodes, view, machines);
  });
}

function hourOf(timeMs: number, hours: number): number {
  return Math.floor(timeMs / HOUR_MS) % hours;
}

function follow(nodes: number, view: PolicyView, machines: { readonly ready: number; readonly starting: number }) {
  const desired = clampNodes(nodes, view);
  const missing = desired - machines.ready - machines.starting;
  return { order: Math.max(0, missing), release: Math.max(0, -missing), desired };
}

/** The smallest value that at least the share `level` of all values does not exceed. Sorts `values`. */
function quantile(values: Float64Array, level: number): number {
  values.sort();
  return values[Math.min(values.length - 1, Math.max(0, Math.ceil(level * values.length) - 1))] as number;
}
