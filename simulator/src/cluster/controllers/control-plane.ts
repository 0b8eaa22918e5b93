import type { Timeline } from '../../timeline/index.ts';
import type { Timing } from '../options.ts';
import type { Registry } from '../store/registry.ts';
import { ClusterIndex } from './cluster-index.ts';
import { type Controller, settle } from './controller.ts';
import { DaemonSets } from './daemon-sets.ts';
import { Deployments } from './deployments.ts';
import { DisruptionBudgets } from './disruption-budgets.ts';
import { expireEvents } from './event-expiry.ts';
import { Kubelets } from './kubelet.ts';
import { NodeLifecycle } from './node-lifecycle.ts';
import { OwnerGarbage } from './owner-garbage.ts';
import { PodGarbage } from './pod-garbage.ts';
import { ReplicaSets } from './replica-sets.ts';
import { Scheduler } from './scheduler.ts';
import { TaintEviction } from './taint-eviction.ts';

const EVENTS_MAX = 10_000;

/** Everything in a cluster that acts by itself: controllers, scheduler, kubelets. */
export class ControlPlane {
  readonly kubelets: Kubelets;
  readonly index: ClusterIndex;
  readonly #registry: Registry;
  readonly #controllers: readonly Controller[];

  constructor(registry: Registry, timeline: Timeline, timing: Timing) {
    const index = new ClusterIndex(registry.store);
    this.#registry = registry;
    this.index = index;
    this.kubelets = new Kubelets(registry, timeline, timing.podStartMs);
    expireEvents(registry.store, timeline, EVENTS_MAX);
    this.#controllers = [
      new OwnerGarbage(registry),
      new NodeLifecycle(registry, index),
      new TaintEviction(registry, index, timeline),
      new PodGarbage(registry, index, timeline, timing.orphanGraceMs),
      new Deployments(registry),
      new ReplicaSets(registry, index),
      new DaemonSets(registry, index),
      new Scheduler(registry, index),
      new DisruptionBudgets(registry),
    ];
  }

  /** Lets all of them act until the cluster rests. Takes no time. */
  settle(): void {
    settle(this.#controllers, () => this.#registry.store.revision);
  }
}
