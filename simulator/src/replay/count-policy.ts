import {
  type Action,
  buy,
  cheapestOffering,
  EMPTY_MEMORY,
  offeringId,
  type PlanMemory,
  REFUSED_MARK_MS,
  startShopping,
  unitsOf,
  withFailures,
} from '@forescale/actuator/plan';
import type { MachineCount } from './machines.ts';
import type { Decision, Policy, PolicyView } from './policy.ts';

/** Nodes to order and to let go, before bounds. */
export interface CountDecision {
  readonly order: number;
  readonly release: number;
  readonly desired: number;
}

/**
 * A policy that only counts nodes. Bounds, the choice of machines and what happens after a failure are the same as for
 * `forescale`, so that a comparison shows what the counting is worth and nothing else.
 */
export function countPolicy(count: (view: PolicyView, machines: MachineCount) => CountDecision): Policy {
  let memory: PlanMemory = EMPTY_MEMORY;
  return {
    decide(view): Decision {
      const machines = view.machines.count();
      const { order, release, desired } = count(view, machines);
      const actions = order > 0 ? orders(view, memory, order) : releases(view, release);
      return { actions, desired: clampNodes(desired, view) };
    },
    onCreateFailure(offering, nowMs) {
      memory = withFailures(memory, [offeringId(offering)], nowMs, REFUSED_MARK_MS);
    },
  };
}

export function clampNodes(nodes: number, { bounds }: PolicyView): number {
  return Math.min(bounds.maxNodes.value, Math.max(bounds.minNodes.value, nodes));
}

function orders(view: PolicyView, memory: PlanMemory, units: number): Action[] {
  const { bounds, nowMs, pool } = view;
  const nodes = view.machines.nodes();
  const starting = view.machines.starting();
  const staying = [
    ...nodes.filter((node) => node.phase === 'ready'),
    ...starting.map(({ offering }) => ({
      capacityType: offering.capacityType,
      offeringId: offeringId(offering),
      units: unitsOf(offering.allocatable, pool.template.allocatable),
    })),
  ];
  const shopping = startShopping(pool, bounds.spot, memory, nowMs, staying);
  let { usdPerHour } = view.machines.count();
  let total = nodes.length + starting.length;
  const actions: Action[] = [];
  for (let missing = units; missing > 1e-9 && total < bounds.maxNodes.value; total++) {
    const chosen = cheapestOffering(shopping, missing);
    if (chosen === null) break;
    const { offering } = chosen;
    usdPerHour += offering.usdPerHour;
    if (bounds.usdPerHourMax !== null && usdPerHour > bounds.usdPerHourMax.value + 1e-9) break;
    actions.push({ kind: 'create', offering, count: 1, reason: 'missing' });
    buy(shopping, chosen);
    missing -= chosen.shares.units;
  }
  return actions;
}

/** The dearest go first, then the oldest; none that is paid for anyway, as the shortest billing has it. */
function releases(view: PolicyView, release: number): Action[] {
  if (release <= 0) return [];
  const ready = view.machines.nodes().filter((node) => node.phase === 'ready');
  const total = ready.length + view.machines.starting().length;
  const spare = Math.max(0, Math.min(release, total - view.bounds.minNodes.value));
  const { minBillingMs } = view.pool.scaleDown;
  return ready
    .filter((node) => view.nowMs - node.createdMs >= minBillingMs)
    .sort((a, b) => b.usdPerHour - a.usdPerHour || (a.name < b.name ? -1 : 1))
    .slice(0, spare)
    .map((node) => ({ kind: 'drain', nodeName: node.name, reason: 'not needed', force: false }));
}
