import { ApiError } from '../objects/errors.ts';
import type { KindName } from '../objects/kinds.ts';
import type { StoredObject } from '../objects/objects.ts';
import { StoredEntry, type StoreEvent } from './entry.ts';
import type { ObjectStoreLimits } from './object-store.ts';

/** Index of the first key that is not below `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function withRevision(object: StoredObject, revision: number): StoredEntry {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  return new StoredEntry({ ...object, metadata }, revision);
}

/** The objects of one kind, ascending by key, with a bounded history of their changes. */
export class Collection {
  readonly #kind: KindName;
  readonly #limits: ObjectStoreLimits;
  readonly #entries = new Map<string, StoredEntry>();
  readonly #keys: string[] = [];
  /** Ascending by revision. */
  readonly #history: StoreEvent[] = [];
  /** The newest revision that the history has forgotten. */
  #forgotten = 0;

  constructor(kind: KindName, limits: ObjectStoreLimits) {
    this.#kind = kind;
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(namespace: string, name: string): StoredEntry | undefined {
    return this.#entries.get(keyOf(namespace, name));
  }

  /** Those of one namespace, or of all when it is ''. */
  entries(namespace: string): StoredEntry[] {
    const from = namespace === '' ? 0 : lowerBound(this.#keys, `${namespace}/`);
    // '0' is the character after '/': the first key of another namespace.
    const to = namespace === '' ? this.#keys.length : lowerBound(this.#keys, `${namespace}0`);
    return this.#keys.slice(from, to).map((key) => this.#entries.get(key) as StoredEntry);
  }

  put(object: StoredObject, revision: number): StoreEvent {
    const key = keyOf(object.metadata.namespace ?? '', object.metadata.name);
    const previous = this.#entries.get(key) ?? null;
    if (previous === null && this.#entries.size >= this.#limits.objectsPerKind) {
      throw new ApiError(500, 'InternalError', 'etcdserver: mvcc: database space exceeded');
    }
    const entry = withRevision(object, revision);
    if (previous === null) this.#keys.splice(lowerBound(this.#keys, key), 0, key);
    this.#entries.set(key, entry);
    const type = previous === null ? 'ADDED' : 'MODIFIED';
    return this.#remember({ kind: this.#kind, type, revision, entry, previous });
  }

  delete(namespace: string, name: string, revision: number): StoreEvent | undefined {
    const key = keyOf(namespace, name);
    const previous = this.#entries.get(key);
    if (previous === undefined) return undefined;
    this.#entries.delete(key);
    this.#keys.splice(lowerBound(this.#keys, key), 1);
    const entry = withRevision(previous.object, revision);
    return this.#remember({ kind: this.#kind, type: 'DELETED', revision, entry, previous });
  }

  /** The changes after `revision`, oldest first; null when some of them are forgotten. */
  changesSince(revision: number): readonly StoreEvent[] | null {
    if (revision < this.#forgotten) return null;
    let from = this.#history.length;
    while (from > 0 && (this.#history[from - 1] as StoreEvent).revision > revision) from--;
    return this.#history.slice(from);
  }

  /** The entries as they were at `revision`, by taking back what came after; null when that is forgotten. */
  entriesAt(revision: number, namespace: string): readonly StoredEntry[] | null {
    const changes = this.changesSince(revision);
    if (changes === null) return null;
    if (changes.length === 0) return this.entries(namespace);
    const then = new Map(this.#entries);
    for (let i = changes.length - 1; i >= 0; i--) {
      const { entry, previous } = changes[i] as StoreEvent;
      const key = keyOf(entry.object.metadata.namespace ?? '', entry.object.metadata.name);
      if (previous === null) then.delete(key);
      else then.set(key, previous);
    }
    const keys = [...then.keys()].filter((key) => namespace === '' || key.startsWith(`${namespace}/`));
    return keys.sort((a, b) => (a < b ? -1 : 1)).map((key) => then.get(key) as StoredEntry);
  }

  #remember(event: StoreEvent): StoreEvent {
    this.#history.push(event);
    // Forget in blocks of a quarter, so that the cost of moving the rest is spread.
    if (this.#history.length > this.#limits.historyEvents * 1.25) {
      const dropped = this.#history.splice(0, this.#history.length - this.#limits.historyEvents);
      this.#forgotten = dropped[dropped.length - 1]?.revision ?? this.#forgotten;
    }
    return event;
  }
}
