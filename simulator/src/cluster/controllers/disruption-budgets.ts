import type { JsonObject } from '../objects/json.ts';
import {
  controllerOf,
  type DisruptionBudgetObject,
  isFinished,
  isTerminating,
  isTrue,
  type PodObject,
  withCondition,
} from '../objects/objects.ts';
import { selects } from '../objects/selectors.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { Registry } from '../store/registry.ts';
import type { Controller } from './controller.ts';

/**
 * Keeps each PodDisruptionBudget's status: how many of its pods are healthy, how many must be, and how many may be
 * evicted, the difference.
 */
export class DisruptionBudgets implements Controller {
  readonly name = 'disruption-budgets';
  readonly #registry: Registry;
  #dirty = true;

  constructor(registry: Registry) {
    this.#registry = registry;
    registry.store.onChange(({ kind }) => {
      if (kind === 'pods' || kind === 'poddisruptionbudgets' || kind === 'replicasets') this.#dirty = true;
    });
  }

  run(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    for (const budget of [...this.#registry.store.objects('poddisruptionbudgets')]) this.#reconcile(budget);
  }

  #reconcile(budget: DisruptionBudgetObject): void {
    const covered = this.#coveredPods(budget);
    const expectedPods = this.#expected(budget, covered);
    const desiredHealthy = desiredOf(budget.spec, expectedPods);
    const currentHealthy = covered.filter((pod) => isTrue(pod.status.conditions, 'Ready')).length;
    const disruptionsAllowed = expectedPods === 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    const allowed = {
      type: 'DisruptionAllowed',
      status: disruptionsAllowed > 0 ? 'True' : 'False',
      reason: disruptionsAllowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      lastTransitionTime: timestamp(this.#registry.nowMs()),
    } as const;
    const status: JsonObject = {
      observedGeneration: budget.metadata.generation ?? 1,
      currentHealthy,
      desiredHealthy,
      disruptionsAllowed,
      expectedPods,
      conditions: withCondition(budget.status?.conditions, allowed),
    };
    this.#registry.update('poddisruptionbudgets', { ...budget, status });
  }

  #coveredPods(budget: DisruptionBudgetObject): PodObject[] {
    const covered: PodObject[] = [];
    for (const { object } of this.#registry.store.collection('pods').entries(budget.metadata.namespace ?? '')) {
      const pod = object as unknown as PodObject;
      if (isTerminating(pod) || isFinished(pod)) continue;
      if (selects(budget.spec.selector, pod.metadata.labels)) covered.push(pod);
    }
    return covered;
  }

  /** Shares and `maxUnavailable` are of what the pods' controllers ask for; a plain minimum needs only the pods. */
  #expected({ spec }: DisruptionBudgetObject, covered: readonly PodObject[]): number {
    if (spec.maxUnavailable === undefined && typeof spec.minAvailable === 'number') return covered.length;
    const replicasByOwner = new Map<string, number>();
    for (const pod of covered) {
      const owner = controllerOf(pod);
      if (owner === undefined) continue;
      const set = this.#registry.store.get('replicasets', pod.metadata.namespace ?? '', owner.name);
      replicasByOwner.set(owner.uid, set?.spec.replicas ?? 0);
    }
    return [...replicasByOwner.values()].reduce((sum, replicas) => sum + replicas, 0);
  }
}

function desiredOf(spec: DisruptionBudgetObject['spec'], expectedPods: number): number {
  if (spec.maxUnavailable !== undefined) {
    return Math.max(0, expectedPods - countOf(spec.maxUnavailable, expectedPods));
  }
  // A budget that says neither asks for one.
  return countOf(spec.minAvailable ?? 1, expectedPods);
}

/** A count, or a share of the expected pods, rounded up. */
function countOf(value: number | string, expectedPods: number): number {
  if (typeof value === 'number') return value;
  return Math.ceil((Number(value.replace('%', '')) * expectedPods) / 100);
}
