import type { Timeline } from '../../timeline/index.ts';
import { isTerminating, type PodObject } from '../objects/objects.ts';
import type { Registry } from '../store/registry.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { Controller } from './controller.ts';

/**
 * Removes pods whose node no longer exists: at once those that were terminating, since no kubelet will ever confirm it;
 * the others after `orphanGraceMs`, in which the node could come back.
 */
export class PodGarbage implements Controller {
  readonly name = 'pod-garbage';
  readonly #registry: Registry;
  readonly #index: ClusterIndex;
  readonly #timeline: Timeline;
  readonly #orphanGraceMs: number;
  #dirty = true;

  constructor(registry: Registry, index: ClusterIndex, timeline: Timeline, orphanGraceMs: number) {
    this.#registry = registry;
    this.#index = index;
    this.#timeline = timeline;
    this.#orphanGraceMs = orphanGraceMs;
    registry.store.onChange(({ kind, type, entry, previous }) => {
      if (kind === 'nodes' && type === 'DELETED') this.#nodeGone(entry.object.metadata.name);
      if (kind !== 'pods' || type === 'DELETED') return;
      const { nodeName } = (entry.object as unknown as PodObject).spec;
      if (nodeName === undefined || this.#exists(nodeName)) return;
      if (previous?.object.spec === entry.object.spec) this.#dirty = true;
      else this.#nodeGone(nodeName);
    });
  }

  run(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    for (const name of [...this.#index.nodesWithPods()]) this.#collect(name, true);
  }

  #exists(nodeName: string): boolean {
    return this.#registry.store.get('nodes', '', nodeName) !== undefined;
  }

  #nodeGone(nodeName: string): void {
    this.#dirty = true;
    this.#timeline.after(this.#orphanGraceMs, () => this.#collect(nodeName, false));
  }

  #collect(nodeName: string, onlyTerminating: boolean): void {
    if (this.#exists(nodeName)) return;
    for (const pod of [...this.#index.podsOn(nodeName).values()]) {
      if (isTerminating(pod) || !onlyTerminating) this.#registry.delete('pods', pod, 0);
    }
  }
}
