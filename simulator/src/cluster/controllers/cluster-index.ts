import { addResources, NO_RESOURCES, type Resources, subtractResources } from '@forescale/shared/domain';
import { controllerOf, isFinished, isTerminating, type PodObject, type StoredObject } from '../objects/objects.ts';
import { podRequests } from '../objects/pod-requests.ts';
import { keyOf } from '../store/collection.ts';
import type { StoreEvent } from '../store/entry.ts';
import type { ObjectStore } from '../store/object-store.ts';

type PodsByKey = ReadonlyMap<string, PodObject>;

const NO_PODS: PodsByKey = new Map();

/** Pods by what controllers look them up by, kept up to date with every change of the store. */
export class ClusterIndex {
  readonly #byNode = new Map<string, Map<string, PodObject>>();
  readonly #reserved = new Map<string, Resources>();
  readonly #byOwner = new Map<string, Map<string, PodObject>>();
  readonly #unbound = new Map<string, PodObject>();

  constructor(store: ObjectStore) {
    store.onChange((event) => this.#follow(event));
  }

  podsOn(nodeName: string): PodsByKey {
    return this.#byNode.get(nodeName) ?? NO_PODS;
  }

  /** Names of nodes that pods are bound to, whether or not such nodes exist. */
  nodesWithPods(): Iterable<string> {
    return this.#byNode.keys();
  }

  /** What the unfinished pods bound to a node ask for, together. */
  reservedOn(nodeName: string): Resources {
    return this.#reserved.get(nodeName) ?? NO_RESOURCES;
  }

  podsOwnedBy(uid: string): PodsByKey {
    return this.#byOwner.get(uid) ?? NO_PODS;
  }

  /** Pods that wait for a node. */
  unbound(): PodsByKey {
    return this.#unbound;
  }

  #follow(event: StoreEvent): void {
    if (event.kind !== 'pods') return;
    if (event.previous !== null) this.#remove(event.previous.object);
    if (event.type !== 'DELETED') this.#add(event.entry.object);
  }

  #add(object: StoredObject): void {
    const pod = object as unknown as PodObject;
    const key = podKey(pod);
    const { nodeName } = pod.spec;
    const owner = controllerOf(pod)?.uid;
    if (owner !== undefined) put(this.#byOwner, owner, key, pod);
    if (nodeName !== undefined) {
      put(this.#byNode, nodeName, key, pod);
      if (!isFinished(pod)) this.#reserved.set(nodeName, addResources(this.reservedOn(nodeName), podRequests(pod)));
    } else if (!isFinished(pod) && !isTerminating(pod)) this.#unbound.set(key, pod);
  }

  #remove(object: StoredObject): void {
    const pod = object as unknown as PodObject;
    const key = podKey(pod);
    const { nodeName } = pod.spec;
    const owner = controllerOf(pod)?.uid;
    if (owner !== undefined) take(this.#byOwner, owner, key);
    this.#unbound.delete(key);
    if (nodeName === undefined) return;
    take(this.#byNode, nodeName, key);
    if (!isFinished(pod)) this.#release(nodeName, podRequests(pod));
  }

  #release(nodeName: string, resources: Resources): void {
    const rest = subtractResources(this.reservedOn(nodeName), resources);
    if (rest.pods <= 0) this.#reserved.delete(nodeName);
    else this.#reserved.set(nodeName, rest);
  }
}

export function podKey(pod: PodObject): string {
  return keyOf(pod.metadata.namespace ?? '', pod.metadata.name);
}

function put(index: Map<string, Map<string, PodObject>>, at: string, key: string, pod: PodObject): void {
  const pods = index.get(at);
  if (pods === undefined) index.set(at, new Map([[key, pod]]));
  else pods.set(key, pod);
}

function take(index: Map<string, Map<string, PodObject>>, at: string, key: string): void {
  const pods = index.get(at);
  pods?.delete(key);
  if (pods?.size === 0) index.delete(at);
}
