import type { JsonObject } from '../objects/json.ts';
import {
  controllerOf,
  type DaemonSetObject,
  isFinished,
  isTerminating,
  isTrue,
  type NodeObject,
  type PodObject,
  type PodSpec,
  type TolerationSpec,
} from '../objects/objects.ts';
import type { Registry } from '../store/registry.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { Controller } from './controller.ts';
import { ownerReference, podDraft } from './replica-sets.ts';
import { untolerated } from './tolerations.ts';

/** What every daemon pod tolerates: it belongs to its node, in whatever state that is. */
const DAEMON_TOLERATIONS: readonly TolerationSpec[] = [
  ...['not-ready', 'unreachable'].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists' as const,
    effect: 'NoExecute' as const,
  })),
  ...['not-ready', 'unreachable', 'unschedulable'].map((state) => ({
    key: `node.kubernetes.io/${state}`,
    operator: 'Exists' as const,
    effect: 'NoSchedule' as const,
  })),
];

/**
 * Keeps one pod of each DaemonSet on every node that it may run on. Kubernetes leaves the binding to the scheduler; here
 * the pod is bound at once, since which node it goes to is decided anyway.
 */
export class DaemonSets implements Controller {
  readonly name = 'daemon-sets';
  readonly #registry: Registry;
  readonly #index: ClusterIndex;
  #dirty = true;

  constructor(registry: Registry, index: ClusterIndex) {
    this.#registry = registry;
    this.#index = index;
    registry.store.onChange(({ kind, entry }) => {
      if (kind === 'nodes' || kind === 'daemonsets') this.#dirty = true;
      if (kind === 'pods' && controllerOf(entry.object)?.kind === 'DaemonSet') this.#dirty = true;
    });
  }

  run(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    for (const set of [...this.#registry.store.objects('daemonsets')]) {
      if (!isTerminating(set)) this.#reconcile(set);
    }
  }

  #reconcile(set: DaemonSetObject): void {
    const nodes = new Map<string, NodeObject>();
    for (const node of this.#registry.store.objects('nodes')) {
      if (mayRunOn(set, node)) nodes.set(node.metadata.name, node);
    }
    const covered = new Map<string, PodObject>();
    for (const pod of [...this.#index.podsOwnedBy(set.metadata.uid).values()]) {
      const nodeName = pod.spec.nodeName ?? '';
      if (isTerminating(pod) || isFinished(pod)) continue;
      if (nodes.has(nodeName) && !covered.has(nodeName)) covered.set(nodeName, pod);
      else this.#registry.delete('pods', pod);
    }
    for (const nodeName of nodes.keys()) if (!covered.has(nodeName)) this.#createPod(set, nodeName);
    this.#writeStatus(set, nodes.size, covered);
  }

  #createPod(set: DaemonSetObject, nodeName: string): void {
    const { template } = set.spec;
    const tolerations = [...(template.spec.tolerations ?? []), ...DAEMON_TOLERATIONS];
    const spec: PodSpec = { ...template.spec, nodeName, tolerations };
    const owner = ownerReference('apps/v1', 'DaemonSet', set);
    this.#registry.create('pods', podDraft({ ...template, spec }, set.metadata.namespace ?? '', owner));
  }

  #writeStatus(set: DaemonSetObject, desired: number, covered: ReadonlyMap<string, PodObject>): void {
    const ready = [...covered.values()].filter((pod) => isTrue(pod.status.conditions, 'Ready')).length;
    const status: JsonObject = {
      desiredNumberScheduled: desired,
      currentNumberScheduled: covered.size,
      updatedNumberScheduled: covered.size,
      numberReady: ready,
      numberAvailable: ready,
      numberMisscheduled: 0,
      observedGeneration: set.metadata.generation ?? 1,
    };
    this.#registry.update('daemonsets', { ...set, status });
  }
}

function mayRunOn(set: DaemonSetObject, node: NodeObject): boolean {
  const { nodeSelector = {}, tolerations = [] } = set.spec.template.spec;
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(nodeSelector).every(([key, value]) => labels[key] === value)) return false;
  const hard = (node.spec.taints ?? []).filter((taint) => taint.effect !== 'PreferNoSchedule');
  return untolerated(hard, [...tolerations, ...DAEMON_TOLERATIONS]).length === 0;
}
