import { KINDS, type KindName, type ObjectTypes } from '../objects/kinds.ts';
import type { StoredObject } from '../objects/objects.ts';
import { Collection } from './collection.ts';
import type { StoredEntry, StoreEvent } from './entry.ts';

export interface ObjectStoreLimits {
  /** Changes kept per kind for watches and consistent pages; older ones answer 410. */
  readonly historyEvents: number;
  /** Objects per kind; past it, creation fails as that of a full etcd does. */
  readonly objectsPerKind: number;
}

/**
 * The objects of a cluster under one growing revision, and the recent changes of each kind. Entries are immutable, so
 * that a list of them is a snapshot. What an object must look like is decided by who writes: see `Registry`.
 */
export class ObjectStore {
  readonly #collections: ReadonlyMap<KindName, Collection>;
  readonly #listeners: ((event: StoreEvent) => void)[] = [];
  #revision = 1;

  constructor(limits: ObjectStoreLimits) {
    this.#collections = new Map(KINDS.map((kind) => [kind.name, new Collection(kind.name, limits)]));
  }

  /** The revision of the newest change of any kind. */
  get revision(): number {
    return this.#revision;
  }

  collection(kind: KindName): Collection {
    const collection = this.#collections.get(kind);
    if (collection === undefined) throw new Error(`no collection ${kind}`);
    return collection;
  }

  /** Cluster-wide kinds have the namespace ''. What was written passed its kind's schema, hence the type. */
  get<K extends KindName>(kind: K, namespace: string, name: string): ObjectTypes[K] | undefined {
    return this.collection(kind).get(namespace, name)?.object as ObjectTypes[K] | undefined;
  }

  /** All objects of a kind, ascending by namespace and name. */
  *objects<K extends KindName>(kind: K): Generator<ObjectTypes[K]> {
    for (const entry of this.collection(kind).entries('')) yield entry.object as unknown as ObjectTypes[K];
  }

  /** Writes the object under the next revision and tells the listeners. */
  put(kind: KindName, object: StoredObject): StoredEntry {
    const event = this.collection(kind).put(object, this.#revision + 1);
    this.#announce(event);
    return event.entry;
  }

  /** Removes it, if it is there; the last word about it carries the revision of the removal. */
  delete(kind: KindName, namespace: string, name: string): StoredEntry | undefined {
    const event = this.collection(kind).delete(namespace, name, this.#revision + 1);
    if (event === undefined) return undefined;
    this.#announce(event);
    return event.entry;
  }

  /** Calls `listener` after every change, in order. Returns what ends it. */
  onChange(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.push(listener);
    return () => {
      const index = this.#listeners.indexOf(listener);
      if (index >= 0) this.#listeners.splice(index, 1);
    };
  }

  #announce(event: StoreEvent): void {
    this.#revision = event.revision;
    for (const listener of [...this.#listeners]) listener(event);
  }
}
