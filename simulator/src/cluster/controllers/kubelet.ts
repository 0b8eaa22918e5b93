import type { Timeline } from '../../timeline/index.ts';
import {
  isFinished,
  isTerminating,
  isTrue,
  type NodeObject,
  type PodObject,
  type StoredObject,
  withCondition,
} from '../objects/objects.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { StoreEvent } from '../store/entry.ts';
import type { Registry } from '../store/registry.ts';

const LIVE_CONDITIONS = ['PodReadyToStartContainers', 'Initialized', 'ContainersReady', 'Ready'] as const;

/** A node whose kubelet was heard of, and whether it still runs. */
type Presence = 'running' | 'stopped';

/**
 * What the kubelets of all nodes do to pods: a bound pod runs after `podStartMs`, a terminating one is gone after its
 * grace period. A stopped kubelet does nothing more: its pods stay as the API last saw them.
 */
export class Kubelets {
  readonly #registry: Registry;
  readonly #timeline: Timeline;
  readonly #podStartMs: number;
  readonly #presence = new Map<string, Presence>();
  #nextAddress = 0;

  constructor(registry: Registry, timeline: Timeline, podStartMs: number) {
    this.#registry = registry;
    this.#timeline = timeline;
    this.#podStartMs = podStartMs;
    registry.store.onChange((event) => this.#follow(event));
  }

  /** Nodes that clients created by themselves have a kubelet too, as soon as they say that they are Ready. */
  isStopped(nodeName: string): boolean {
    return this.#presence.get(nodeName) === 'stopped';
  }

  stop(nodeName: string): void {
    this.#presence.set(nodeName, 'stopped');
  }

  start(nodeName: string): void {
    this.#presence.set(nodeName, 'running');
  }

  #follow(event: StoreEvent): void {
    if (event.kind === 'nodes') {
      const node = event.entry.object;
      if (event.type === 'DELETED') this.#presence.delete(node.metadata.name);
      else if (becameReady(event)) this.#catchUp(node.metadata.name);
      return;
    }
    if (event.kind !== 'pods' || event.type === 'DELETED') return;
    const pod = event.entry.object as unknown as PodObject;
    const before = event.previous?.object as unknown as PodObject | undefined;
    if (pod.spec.nodeName === undefined) return;
    const graceChanged = pod.metadata.deletionGracePeriodSeconds !== before?.metadata.deletionGracePeriodSeconds;
    if (isTerminating(pod) && graceChanged) {
      const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
      this.#timeline.after(graceMs, () => this.#finish(pod));
    } else if (pod.spec.nodeName !== before?.spec.nodeName && !isFinished(pod)) {
      this.#timeline.after(this.#podStartMs, () => this.#run(pod));
    }
  }

  /** Pods that were bound before their node was Ready start now, those that were to go go, and those that run say so. */
  #catchUp(nodeName: string): void {
    for (const pod of this.#registry.store.objects('pods')) {
      if (pod.spec.nodeName !== nodeName) continue;
      if (isTerminating(pod)) this.#timeline.after(0, () => this.#finish(pod));
      else if (pod.status.phase === 'Pending') this.#timeline.after(this.#podStartMs, () => this.#run(pod));
      else if (pod.status.phase === 'Running') this.#timeline.after(0, () => this.#report(pod));
    }
  }

  /** While its node was silent the pod was called not ready. */
  #report(running: PodObject): void {
    const pod = this.#current(running);
    if (pod === undefined || isTerminating(pod) || pod.status.phase !== 'Running') return;
    const ready = { type: 'Ready', status: 'True', lastTransitionTime: timestamp(this.#timeline.nowMs()) } as const;
    const conditions = withCondition(pod.status.conditions, ready);
    this.#registry.update('pods', { ...pod, status: { ...pod.status, conditions } } as StoredObject);
  }

  /** The pod as it is now, if it is still the same one and its node can act on it. */
  #current(pod: PodObject): PodObject | undefined {
    const { name, namespace = '', uid } = pod.metadata;
    const present = this.#registry.store.get('pods', namespace, name);
    const nodeName = present?.spec.nodeName;
    if (present?.metadata.uid !== uid || nodeName === undefined || this.isStopped(nodeName)) return undefined;
    const node = this.#registry.store.get('nodes', '', nodeName);
    return isTrue(node?.status.conditions, 'Ready') ? present : undefined;
  }

  #run(bound: PodObject): void {
    const pod = this.#current(bound);
    if (pod === undefined || isTerminating(pod) || pod.status.phase !== 'Pending') return;
    const now = timestamp(this.#timeline.nowMs());
    let conditions = pod.status.conditions;
    for (const type of LIVE_CONDITIONS) {
      conditions = withCondition(conditions, { type, status: 'True', lastTransitionTime: now });
    }
    const podIP = this.#address();
    const containerStatuses = pod.spec.containers.map(({ name, image = '' }) => ({
      name,
      image,
      imageID: image,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    }));
    const status = { ...pod.status, phase: 'Running', conditions, startTime: now, podIP, podIPs: [{ ip: podIP }] };
    this.#registry.update('pods', { ...pod, status: { ...status, containerStatuses } } as StoredObject);
  }

  #finish(terminating: PodObject): void {
    const pod = this.#current(terminating);
    if (pod === undefined || pod.metadata.deletionGracePeriodSeconds === undefined) return;
    this.#registry.delete('pods', pod, 0);
  }

  /** Addresses of 10.128.0.0/9, in turn. */
  #address(): string {
    this.#nextAddress = (this.#nextAddress + 1) % 0x80_0000;
    const n = this.#nextAddress;
    return `10.${128 + ((n >> 16) & 0x7f)}.${(n >> 8) & 0xff}.${n & 0xff}`;
  }
}

function becameReady({ entry, previous }: StoreEvent): boolean {
  const readyIn = (object: StoredObject | undefined) => {
    return isTrue((object as unknown as NodeObject | undefined)?.status.conditions, 'Ready');
  };
  return readyIn(entry.object) && !readyIn(previous?.object);
}
