import { findCondition, type NodeObject, type TaintSpec, withCondition } from '../objects/objects.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { Registry } from '../store/registry.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { Controller } from './controller.ts';

const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const KEPT_HERE: ReadonlySet<string> = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE]);

/**
 * Turns a node's conditions into taints, as Kubernetes does: schedulers and evictions look at nothing else. Pods on a
 * node that is not Ready are not ready either.
 */
export class NodeLifecycle implements Controller {
  readonly name = 'node-lifecycle';
  readonly #registry: Registry;
  readonly #index: ClusterIndex;
  readonly #changed = new Set<string>();

  constructor(registry: Registry, index: ClusterIndex) {
    this.#registry = registry;
    this.#index = index;
    registry.store.onChange((event) => {
      if (event.kind === 'nodes' && event.type !== 'DELETED') this.#changed.add(event.entry.object.metadata.name);
    });
  }

  run(): void {
    if (this.#changed.size === 0) return;
    const names = [...this.#changed];
    this.#changed.clear();
    for (const name of names) {
      const node = this.#registry.store.get('nodes', '', name);
      if (node === undefined) continue;
      this.#taint(node);
      if (findCondition(node.status.conditions, 'Ready')?.status !== 'True') this.#unreadyPods(name);
    }
  }

  #taint(node: NodeObject): void {
    const present = node.spec.taints ?? [];
    const wanted = taintsFor(node);
    const foreign = present.filter((taint) => !KEPT_HERE.has(taint.key));
    const kept = wanted.map((taint) => present.find((other) => sameTaint(taint, other)) ?? this.#stamped(taint));
    if (kept.length === present.length - foreign.length && kept.every((taint) => present.includes(taint))) return;
    const { taints: _taints, ...spec } = node.spec;
    const taints = [...foreign, ...kept];
    this.#registry.update('nodes', { ...node, spec: { ...spec, ...(taints.length > 0 && { taints }) } });
  }

  #stamped(taint: TaintSpec): TaintSpec {
    return { ...taint, timeAdded: timestamp(this.#registry.nowMs()) };
  }

  #unreadyPods(nodeName: string): void {
    const lastTransitionTime = timestamp(this.#registry.nowMs());
    for (const pod of [...this.#index.podsOn(nodeName).values()]) {
      const ready = findCondition(pod.status.conditions, 'Ready');
      if (ready?.status !== 'True') continue;
      const conditions = withCondition(pod.status.conditions, { ...ready, status: 'False', lastTransitionTime });
      this.#registry.update('pods', { ...pod, status: { ...pod.status, conditions } });
    }
  }
}

function taintsFor(node: NodeObject): TaintSpec[] {
  const taints: TaintSpec[] = [];
  const status = findCondition(node.status.conditions, 'Ready')?.status;
  if (status !== 'True') {
    const key = status === 'Unknown' ? UNREACHABLE : NOT_READY;
    taints.push({ key, effect: 'NoSchedule' }, { key, effect: 'NoExecute' });
  }
  if (node.spec.unschedulable === true) taints.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' });
  return taints;
}

function sameTaint(a: TaintSpec, b: TaintSpec): boolean {
  return a.key === b.key && a.effect === b.effect && (a.value ?? '') === (b.value ?? '');
}
