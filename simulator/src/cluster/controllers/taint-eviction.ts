import type { Timeline } from '../../timeline/index.ts';
import { isFinished, isTerminating, type NodeObject, type PodObject } from '../objects/objects.ts';
import type { Registry } from '../store/registry.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { Controller } from './controller.ts';
import { stayMs } from './tolerations.ts';

/**
 * Deletes pods from nodes with `NoExecute` taints, after as long as they tolerate. This is what moves pods away from a
 * machine that has vanished: 5 min after its node became unreachable, unless they say otherwise.
 */
export class TaintEviction implements Controller {
  readonly name = 'taint-eviction';
  readonly #registry: Registry;
  readonly #index: ClusterIndex;
  readonly #timeline: Timeline;
  readonly #changed = new Set<string>();
  /** When each pod is to go, by its UID. Another taint can only bring that forward. */
  readonly #planned = new Map<string, number>();

  constructor(registry: Registry, index: ClusterIndex, timeline: Timeline) {
    this.#registry = registry;
    this.#index = index;
    this.#timeline = timeline;
    registry.store.onChange(({ kind, type, entry, previous }) => {
      if (kind === 'nodes' && type !== 'DELETED') this.#changed.add(entry.object.metadata.name);
      if (kind !== 'pods') return;
      const { nodeName } = (entry.object as unknown as PodObject).spec;
      if (type === 'DELETED') this.#planned.delete(entry.object.metadata.uid);
      else if (nodeName !== undefined && previous?.object.spec !== entry.object.spec) this.#changed.add(nodeName);
    });
  }

  run(): void {
    if (this.#changed.size === 0) return;
    const names = [...this.#changed];
    this.#changed.clear();
    for (const name of names) {
      const node = this.#registry.store.get('nodes', '', name);
      for (const pod of [...this.#index.podsOn(name).values()]) this.#plan(pod, node);
    }
  }

  #plan(pod: PodObject, node: NodeObject | undefined): void {
    if (isTerminating(pod) || isFinished(pod)) return;
    const { uid } = pod.metadata;
    const remainingMs = this.#stayMs(pod, node);
    if (remainingMs === Number.POSITIVE_INFINITY) {
      this.#planned.delete(uid);
    } else if (remainingMs === 0) {
      this.#registry.delete('pods', pod);
    } else {
      const atMs = this.#timeline.nowMs() + remainingMs;
      if (atMs >= (this.#planned.get(uid) ?? Number.POSITIVE_INFINITY)) return;
      this.#planned.set(uid, atMs);
      this.#timeline.at(atMs, () => this.#evict(pod, atMs));
    }
  }

  #stayMs(pod: PodObject, node: NodeObject | undefined): number {
    const taints = (node?.spec.taints ?? []).filter((taint) => taint.effect === 'NoExecute');
    return taints.length === 0 ? Number.POSITIVE_INFINITY : stayMs(taints, pod.spec.tolerations);
  }

  #evict(planned: PodObject, atMs: number): void {
    const { namespace = '', name, uid } = planned.metadata;
    if (this.#planned.get(uid) !== atMs) return;
    this.#planned.delete(uid);
    const pod = this.#registry.store.get('pods', namespace, name);
    if (pod !== undefined && !isTerminating(pod)) this.#registry.delete('pods', pod);
  }
}
