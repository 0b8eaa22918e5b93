import { isDeepStrictEqual } from 'node:util';
import type { Random } from '@forescale/shared/time';
import type { Timeline } from '../../timeline/index.ts';
import { alreadyExists, forbidden, notFound } from '../objects/errors.ts';
import type { Json, JsonObject } from '../objects/json.ts';
import { KINDS, type KindName, kindNamed } from '../objects/kinds.ts';
import { isFinished, isTerminating, type ObjectMeta, type PodObject, type StoredObject } from '../objects/objects.ts';
import { timestamp } from '../objects/timestamps.ts';
import { graceSecondsOf, withDefaults } from './defaults.ts';
import type { StoredEntry } from './entry.ts';
import type { ObjectStore } from './object-store.ts';

/** A new object: the registry fills in what only a server knows. */
export type Draft = {
  readonly metadata: Partial<ObjectMeta>;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
  readonly [key: string]: Json | undefined;
};

/** As often as a real server tries to make up a name that is free. */
const NAME_TRIES_MAX = 8;

/** The letters of generated names: no vowels, so that no words come out. */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * The rules that every write keeps, whoever makes it: names, UIDs, defaults, generations, grace periods, finalizers.
 * Optimistic concurrency and validation are the API's: controllers in here see every object as it is now.
 */
export class Registry {
  readonly store: ObjectStore;
  readonly #timeline: Timeline;
  readonly #random: Random;

  constructor(store: ObjectStore, timeline: Timeline, random: Random) {
    this.store = store;
    this.#timeline = timeline;
    this.#random = random;
  }

  nowMs(): number {
    return this.#timeline.nowMs();
  }

  /** The object as it would be created; throws what the API answers when its namespace or name forbids it. */
  draft(kindName: KindName, draft: Draft): StoredObject {
    const kind = kindNamed(kindName);
    const given = draft.metadata;
    const namespace = kind.namespaced ? (given.namespace ?? 'default') : '';
    const name = given.name ?? this.#freeName(kindName, namespace, given.generateName ?? '');
    if (kind.namespaced && this.store.get('namespaces', '', namespace) === undefined) {
      throw notFound(kindNamed('namespaces'), namespace);
    }
    if (this.store.get(kindName, namespace, name) !== undefined) throw alreadyExists(kind, name);
    const metadata: ObjectMeta = {
      ...given,
      name,
      ...(kind.namespaced && { namespace }),
      uid: this.#uuid(),
      resourceVersion: '',
      ...(kind.countsGenerations && { generation: 1 }),
      creationTimestamp: timestamp(this.nowMs()),
    };
    const object = kindName === 'pods' ? this.#withPriority({ ...draft, metadata }) : { ...draft, metadata };
    return withDefaults(kindName, object);
  }

  /** A pod has the priority of its class, and no other. */
  #withPriority(object: StoredObject): StoredObject {
    const { spec } = object as unknown as PodObject;
    const name = spec.priorityClassName;
    if (name === undefined) return object;
    const found = this.store.get('priorityclasses', '', name);
    if (found === undefined) {
      const why = `no PriorityClass with name ${name} was found`;
      throw forbidden(kindNamed('pods'), object.metadata.name, why);
    }
    const { value: priority, preemptionPolicy = 'PreemptLowerPriority' } = found;
    return { ...object, spec: { ...spec, priority, preemptionPolicy } as unknown as JsonObject };
  }

  create(kindName: KindName, draft: Draft): StoredEntry {
    return this.store.put(kindName, this.draft(kindName, draft));
  }

  /** The object with the generation that its changed spec asks for. */
  prepared(kindName: KindName, present: StoredObject, next: StoredObject): StoredObject {
    const changed = kindNamed(kindName).countsGenerations && !isDeepStrictEqual(present.spec, next.spec);
    const generation = changed ? (present.metadata.generation ?? 1) + 1 : present.metadata.generation;
    return { ...next, metadata: { ...next.metadata, ...(generation !== undefined && { generation }) } };
  }

  /** Replaces the object; one that says the same as before keeps its revision. */
  update(kindName: KindName, next: StoredObject): StoredEntry {
    const { name, namespace = '' } = next.metadata;
    const present = this.store.collection(kindName).get(namespace, name);
    if (present === undefined) throw notFound(kindNamed(kindName), name);
    const prepared = this.prepared(kindName, present.object, next);
    if (sameContent(present.object, prepared)) return present;
    const entry = this.store.put(kindName, prepared);
    const released = hasFinalizers(present.object) && !hasFinalizers(prepared) && isTerminating(prepared);
    if (released && (prepared.metadata.deletionGracePeriodSeconds ?? 0) === 0) {
      this.store.delete(kindName, namespace, name);
    }
    return entry;
  }

  /**
   * Removes the object, or marks it as terminating when it has a grace period or finalizers. Pods that are bound have
   * the grace that is asked for, else their own; a second deletion can only shorten it.
   * Returns the object as it was last, and whether it is gone.
   */
  delete(kindName: KindName, object: StoredObject, graceSeconds?: number): { entry: StoredEntry; gone: boolean } {
    const { name, namespace = '' } = object.metadata;
    const grace = kindName === 'pods' ? podGraceSeconds(object as unknown as PodObject, graceSeconds) : 0;
    const running = object.metadata.deletionGracePeriodSeconds;
    const marked = grace > 0 || hasFinalizers(object);
    if (marked && isTerminating(object) && grace >= (running ?? 0)) {
      const entry = this.store.collection(kindName).get(namespace, name);
      if (entry !== undefined) return { entry, gone: false };
    }
    if (marked) {
      const deletionTimestamp = timestamp(this.nowMs() + grace * 1000);
      const metadata = { ...object.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace };
      return { entry: this.store.put(kindName, { ...object, metadata }), gone: false };
    }
    if (kindName === 'namespaces') this.#purgeNamespace(name);
    const entry = this.store.delete(kindName, namespace, name);
    if (entry === undefined) throw notFound(kindNamed(kindName), name);
    return { entry, gone: true };
  }

  #purgeNamespace(namespace: string): void {
    for (const kind of KINDS) {
      if (!kind.namespaced) continue;
      for (const { object } of this.store.collection(kind.name).entries(namespace)) {
        this.store.delete(kind.name, namespace, object.metadata.name);
      }
    }
  }

  /** Five letters are 14 million names: among 500 pods, one in 30,000 is taken. */
  #freeName(kindName: KindName, namespace: string, prefix: string): string {
    for (let tries = 1; ; tries++) {
      const name = `${prefix}${this.#randomLetters(5)}`;
      if (tries === NAME_TRIES_MAX || this.store.get(kindName, namespace, name) === undefined) return name;
    }
  }

  #randomLetters(length: number): string {
    let letters = '';
    for (let i = 0; i < length; i++) letters += NAME_LETTERS[this.#random.below(NAME_LETTERS.length)];
    return letters;
  }

  #uuid(): string {
    const hex = Array.from({ length: 4 }, () => this.#random.below(0x1_0000_0000).toString(16).padStart(8, '0')).join(
      '',
    );
    const variant = '89ab'[this.#random.below(4)];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

function podGraceSeconds(pod: PodObject, asked: number | undefined): number {
  if (pod.spec.nodeName === undefined || isFinished(pod)) return 0;
  return asked ?? graceSecondsOf(pod.spec);
}

function hasFinalizers(object: StoredObject): boolean {
  return (object.metadata.finalizers ?? []).length > 0;
}

function sameContent(a: StoredObject, b: StoredObject): boolean {
  const metadata = { ...b.metadata, resourceVersion: a.metadata.resourceVersion };
  return isDeepStrictEqual(a, { ...b, metadata });
}
