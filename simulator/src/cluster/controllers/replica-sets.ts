import type { JsonObject } from '../objects/json.ts';
import {
  controllerOf,
  isFinished,
  isTerminating,
  isTrue,
  type OwnerReference,
  type PodObject,
  type PodTemplate,
  type ReplicatedObject,
} from '../objects/objects.ts';
import type { Draft, Registry } from '../store/registry.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { Controller } from './controller.ts';

const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

/** A new pod of a template, owned by what the template stands in. */
export function podDraft(template: PodTemplate, namespace: string, owner: OwnerReference): Draft {
  return {
    metadata: {
      ...template.metadata,
      generateName: `${owner.name}-`,
      namespace,
      ownerReferences: [owner],
    },
    spec: template.spec,
  };
}

export function ownerReference(
  apiVersion: string,
  kind: string,
  owner: { readonly metadata: { name: string; uid: string } },
): OwnerReference {
  const { name, uid } = owner.metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/**
 * Keeps as many pods per ReplicaSet as it asks for. Pods that are on their way out, or finished, do not count. Of too
 * many, those go first that do the least: without a node, pending, not ready, cheap to delete; then the newest.
 * Pods are known by their owner reference; loose ones are not adopted.
 */
export class ReplicaSets implements Controller {
  readonly name = 'replica-sets';
  readonly #registry: Registry;
  readonly #index: ClusterIndex;
  readonly #changed = new Set<string>();

  constructor(registry: Registry, index: ClusterIndex) {
    this.#registry = registry;
    this.#index = index;
    registry.store.onChange(({ kind, entry }) => {
      if (kind === 'replicasets') this.#changed.add(entry.object.metadata.uid);
      if (kind !== 'pods') return;
      const owner = controllerOf(entry.object);
      if (owner?.kind === 'ReplicaSet') this.#changed.add(owner.uid);
    });
  }

  run(): void {
    if (this.#changed.size === 0) return;
    const uids = new Set(this.#changed);
    this.#changed.clear();
    for (const set of [...this.#registry.store.objects('replicasets')]) {
      if (uids.has(set.metadata.uid) && !isTerminating(set)) this.#reconcile(set);
    }
  }

  #reconcile(set: ReplicatedObject): void {
    const wanted = set.spec.replicas ?? 1;
    const active = this.#activePods(set);
    if (this.#isAdmitted(set)) for (let missing = wanted - active.length; missing > 0; missing--) this.#createPod(set);
    if (active.length > wanted) {
      for (const pod of active.sort(byUsefulness).slice(wanted)) this.#registry.delete('pods', pod);
    }
    this.#writeStatus(set);
  }

  #activePods(set: ReplicatedObject): PodObject[] {
    const owned = [...this.#index.podsOwnedBy(set.metadata.uid).values()];
    return owned.filter((pod) => !isTerminating(pod) && !isFinished(pod));
  }

  /** Pods of a class of priority that nobody has defined are refused, and asked for again when the set changes. */
  #isAdmitted({ spec }: ReplicatedObject): boolean {
    const name = spec.template.spec.priorityClassName;
    return name === undefined || this.#registry.store.get('priorityclasses', '', name) !== undefined;
  }

  #createPod(set: ReplicatedObject): void {
    const owner = ownerReference('apps/v1', 'ReplicaSet', set);
    this.#registry.create('pods', podDraft(set.spec.template, set.metadata.namespace ?? '', owner));
  }

  #writeStatus(set: ReplicatedObject): void {
    const active = this.#activePods(set);
    const ready = active.filter((pod) => isTrue(pod.status.conditions, 'Ready')).length;
    const status: JsonObject = {
      replicas: active.length,
      fullyLabeledReplicas: active.length,
      readyReplicas: ready,
      availableReplicas: ready,
      observedGeneration: set.metadata.generation ?? 1,
    };
    this.#registry.update('replicasets', { ...set, status });
  }
}

/** Most useful first: what is cut off at the end goes. */
function byUsefulness(a: PodObject, b: PodObject): number {
  const rankA = usefulness(a);
  const rankB = usefulness(b);
  for (let i = 0; i < rankA.length; i++) {
    const difference = (rankB[i] as number) - (rankA[i] as number);
    if (difference !== 0) return difference;
  }
  if (a.metadata.creationTimestamp !== b.metadata.creationTimestamp) {
    return a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1;
  }
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function usefulness(pod: PodObject): number[] {
  const cost = Number(pod.metadata.annotations?.[DELETION_COST] ?? 0);
  return [
    pod.spec.nodeName === undefined ? 0 : 1,
    pod.status.phase === 'Running' ? 1 : 0,
    isTrue(pod.status.conditions, 'Ready') ? 1 : 0,
    Number.isFinite(cost) ? cost : 0,
  ];
}
