import { addResources, fits, NO_RESOURCES, type Resources, subtractResources } from '@forescale/shared/domain';
import { CloudError } from '../../cloud/errors.ts';
import type { OfferingKey } from '../../cloud/offering.ts';
import type { SimulatedCloud } from '../../cloud/simulated-cloud.ts';
import type { Timeline } from '../../timeline/index.ts';
import {
  controllerOf,
  findCondition,
  isTrue,
  type Labels,
  type NodeObject,
  type PodObject,
  type TaintSpec,
} from '../objects/objects.ts';
import { podRequests, resourcesOf } from '../objects/pod-requests.ts';
import type { Registry } from '../store/registry.ts';
import { isSelected } from './affinity.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { untolerated } from './tolerations.ts';

/** A group of nodes that an autoscaler of the cluster owns, as Cluster Autoscaler does. */
export interface ReactiveAutoscalerOptions {
  readonly offering: OfferingKey;
  readonly labels: Labels;
  readonly taints?: readonly TaintSpec[];
  readonly nodesMax: number;
  /** 10 s when absent. */
  readonly scanMs?: number;
  /** So long an empty node stays. 10 min when absent. */
  readonly unneededMs?: number;
}

interface Place {
  readonly node: NodeObject;
  /** Null: of a machine that is on its way. */
  readonly nodeName: string | null;
  free: Resources;
  /** Nobody needs it: no pod runs on it, and none has been given a place. */
  isEmpty: boolean;
}

/** Pods of a lower priority ask for no nodes. */
const PRIORITY_MIN = -10;

/**
 * What a reactive autoscaler does with its group, every few seconds: it finds places for the pods that fit nowhere, and
 * for the pods that CapacityBuffers stand for, on nodes that are Ready or on their way, fullest first; what finds none
 * gets new machines; nodes that nobody has needed for a while go. It moves no pods, and takes back no machine that boots.
 */
export class ReactiveAutoscaler {
  readonly #registry: Registry;
  readonly #index: ClusterIndex;
  readonly #timeline: Timeline;
  readonly #cloud: SimulatedCloud;
  readonly #options: ReactiveAutoscalerOptions;
  /** Node names of its machines. */
  readonly #machines = new Map<string, string>();
  readonly #emptySinceMs = new Map<string, number>();
  #ordinal = 0;

  constructor(
    registry: Registry,
    index: ClusterIndex,
    timeline: Timeline,
    cloud: SimulatedCloud,
    options: ReactiveAutoscalerOptions,
  ) {
    this.#registry = registry;
    this.#index = index;
    this.#timeline = timeline;
    this.#cloud = cloud;
    this.#options = options;
    this.#next();
  }

  #next(): void {
    this.#timeline.after(this.#options.scanMs ?? 10_000, () => {
      this.#scan();
      this.#next();
    });
  }

  #scan(): void {
    const places = this.#places();
    const wanting = [...this.#waiting(), ...this.#buffered()].filter((pod) => this.#mayRunHere(pod));
    for (const pod of wanting) {
      const place = places.find(({ free }) => fits(podRequests(pod), free)) ?? this.#launch(places);
      if (place === null || !fits(podRequests(pod), place.free)) continue;
      place.free = subtractResources(place.free, podRequests(pod));
      place.isEmpty = false;
    }
    this.#removeEmpty(places);
  }

  /** Fullest first, so that empty nodes stay empty. */
  #places(): Place[] {
    const places: Place[] = [];
    for (const node of this.#registry.store.objects('nodes')) {
      const { name } = node.metadata;
      if (!this.#isOurs(node) || !isTrue(node.status.conditions, 'Ready') || node.spec.unschedulable) continue;
      const free = subtractResources(resourcesOf(node.status.allocatable), this.#index.reservedOn(name));
      const isEmpty = [...this.#index.podsOn(name).values()].every(isResident);
      places.push({ node, nodeName: name, free, isEmpty });
    }
    places.sort((a, b) => a.free.cpuMillicores - b.free.cpuMillicores);
    const ready = new Set(places.map(({ nodeName }) => nodeName));
    for (const [id, nodeName] of this.#machines) {
      if (this.#cloud.get(id)?.endedMs !== null) this.#machines.delete(id);
      else if (!ready.has(nodeName)) places.push(this.#newPlace());
    }
    return places;
  }

  #isOurs(node: NodeObject): boolean {
    return Object.entries(this.#options.labels).every(([key, value]) => node.metadata.labels?.[key] === value);
  }

  #newPlace(): Place {
    const { labels, taints = [], offering } = this.#options;
    const metadata = { name: '', uid: '', resourceVersion: '', creationTimestamp: '', labels };
    const known = this.#cloud.offerings().find((one) => one.instanceType === offering.instanceType);
    const daemons = [...this.#registry.store.objects('daemonsets')].map(({ spec }) =>
      podRequests({ metadata, spec: spec.template.spec, status: {} }),
    );
    const free = subtractResources(known?.allocatable ?? NO_RESOURCES, daemons.reduce(addResources, NO_RESOURCES));
    return { node: { metadata, spec: { taints }, status: {} }, nodeName: null, free, isEmpty: false };
  }

  #waiting(): PodObject[] {
    return [...this.#index.unbound().values()]
      .filter(({ spec, status }) => {
        const scheduled = findCondition(status.conditions, 'PodScheduled');
        return scheduled?.reason === 'Unschedulable' && (spec.priority ?? 0) >= PRIORITY_MIN;
      })
      .sort((a, b) => (b.spec.priority ?? 0) - (a.spec.priority ?? 0));
  }

  /** A pod for each replica, which nobody ever creates. */
  #buffered(): PodObject[] {
    return [...this.#registry.store.objects('capacitybuffers')].flatMap(({ metadata, spec }) => {
      const { namespace = '' } = metadata;
      const found = this.#registry.store.get('podtemplates', namespace, spec.podTemplateRef?.name ?? '');
      if (found === undefined) return [];
      const pod: PodObject = { metadata, spec: found.template.spec, status: {} };
      return Array.from({ length: spec.replicas ?? 0 }, () => pod);
    });
  }

  #mayRunHere(pod: PodObject): boolean {
    const { node } = this.#newPlace();
    const repelled = untolerated(node.spec.taints, pod.spec.tolerations).some(
      (one) => one.effect !== 'PreferNoSchedule',
    );
    return isSelected(pod, node) && !repelled;
  }

  /** Null: the group is as large as it may be, or the cloud has no machine. */
  #launch(places: Place[]): Place | null {
    const { offering, labels, taints = [], nodesMax } = this.#options;
    if (places.length >= nodesMax) return null;
    const nodeName = `reactive-${++this.#ordinal}`;
    const tags = { token: nodeName, requestId: '', clusterTag: '', pool: '' };
    try {
      const given = taints.map((taint) => ({ value: '', ...taint }));
      const machine = this.#cloud.create({ ...tags, nodeName, offering, labels, taints: given });
      this.#machines.set(machine.id, nodeName);
    } catch (error) {
      if (error instanceof CloudError) return null;
      throw error;
    }
    const place = this.#newPlace();
    places.push(place);
    return place;
  }

  #removeEmpty(places: readonly Place[]): void {
    const nowMs = this.#timeline.nowMs();
    const empty = new Set(places.flatMap(({ isEmpty, nodeName }) => (isEmpty && nodeName !== null ? [nodeName] : [])));
    for (const name of this.#emptySinceMs.keys()) if (!empty.has(name)) this.#emptySinceMs.delete(name);
    for (const name of empty) {
      const sinceMs = this.#emptySinceMs.get(name) ?? nowMs;
      this.#emptySinceMs.set(name, sinceMs);
      if (nowMs - sinceMs >= (this.#options.unneededMs ?? 600_000)) this.#remove(name);
    }
  }

  #remove(name: string): void {
    const machine = this.#cloud.list().find(({ nodeName }) => nodeName === name);
    const node = this.#registry.store.get('nodes', '', name);
    if (machine) this.#cloud.terminate(machine.id);
    if (node) this.#registry.delete('nodes', node);
    this.#emptySinceMs.delete(name);
  }
}

function isResident(pod: PodObject): boolean {
  return controllerOf(pod)?.kind === 'DaemonSet';
}
