import type { KindName } from '../objects/kinds.ts';
import type { StoredObject } from '../objects/objects.ts';

/** One object at one revision, serialised at most once. */
export class StoredEntry {
  readonly object: StoredObject;
  readonly revision: number;
  #json: string | null = null;

  constructor(object: StoredObject, revision: number) {
    this.object = object;
    this.revision = revision;
  }

  /** Without `kind` and `apiVersion`, as items of a list are. */
  get json(): string {
    this.#json ??= JSON.stringify(this.object);
    return this.#json;
  }
}

/** One change. `previous` is what stood there before; null for what is new. */
export interface StoreEvent {
  readonly kind: KindName;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly entry: StoredEntry;
  readonly previous: StoredEntry | null;
}
