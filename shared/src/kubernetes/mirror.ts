import { z } from 'zod';
import { KubernetesRefusedError } from './errors.ts';
import { understand } from './understand.ts';

interface Entry<T> {
  readonly version: number;
  readonly uid: string;
  readonly value: T;
}

const version = z.string().regex(/^\d{1,15}$/, 'not a number; kubernetes.watch: false reads without versions');

const identity = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string(),
    resourceVersion: version.transform(Number),
  }),
});

const versionOnly = z.object({ metadata: z.object({ resourceVersion: version.transform(Number) }) });

/** One line of a watch, but for those that say that it is over. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: unknown;
}

/** Versions of one kind's objects are numbers that grow: 0 for none. */
export function parseVersion(what: string, text: string): number {
  const result = version.safeParse(text);
  if (result.success) return Number(text);
  throw new KubernetesRefusedError(0, `${what}: resourceVersion = "${text}": ${result.error.issues[0]?.message}`);
}

/**
 * A copy of one kind of objects, each parsed once and its raw form let go, as of one resourceVersion. Everything that
 * is older than what the copy already knows is passed over, so that events which come twice, late or in between do no
 * harm. A list that does not show an object removes it: its deletion may have been missed.
 */
export class Mirror<T> {
  readonly #kind: string;
  readonly #parse: (raw: unknown) => T;
  #entries = new Map<string, Entry<T>>();
  #version: number | null = null;
  #inOrder: readonly T[] | null = null;

  /** `kind` is how errors call an object. */
  constructor(kind: string, parse: (raw: unknown) => T) {
    this.#kind = kind;
    this.#parse = parse;
  }

  /** The resourceVersion up to which everything is known; null: nothing that could be gone on from. */
  get version(): number | null {
    return this.#version;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Ordered by namespace and name, as a list is. */
  values(): readonly T[] {
    if (this.#inOrder === null) {
      // Nearly sorted already: a list comes in order, and few objects since.
      this.#entries = new Map([...this.#entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
      this.#inOrder = [...this.#entries.values()].map((entry) => entry.value);
    }
    return this.#inOrder;
  }

  /** What is known may be wrong as a whole: only a list can say. The parsed objects serve it where they are the same. */
  invalidate(): void {
    this.#version = null;
  }

  /** Also the versions mean nothing any more: the server has gone back behind them. */
  forget(): void {
    this.#version = null;
    this.#entries = new Map();
    this.#inOrder = null;
  }

  apply(event: WatchEvent): void {
    if (this.#version === null) return;
    if (event.type === 'BOOKMARK') {
      const { resourceVersion } = understand(this.#kind, versionOnly, event.object).metadata;
      this.#version = Math.max(this.#version, resourceVersion);
      return;
    }
    const { metadata } = understand(this.#kind, identity, event.object);
    if (metadata.resourceVersion <= this.#version) return;
    const key = keyOf(metadata);
    if (event.type === 'DELETED') this.#entries.delete(key);
    else this.#entries.set(key, this.#entry(metadata, event.object));
    this.#version = metadata.resourceVersion;
    this.#inOrder = null;
  }

  /** Begins a list, whose pages are added as they come; nothing changes before it is taken over. */
  beginList(): MirrorList {
    const listed = new Map<string, Entry<T>>();
    return {
      add: (items) => {
        for (const item of items) {
          const { metadata } = understand(this.#kind, identity, item);
          const key = keyOf(metadata);
          const known = this.#entries.get(key);
          const same = known?.version === metadata.resourceVersion && known.uid === metadata.uid;
          listed.set(key, same ? known : this.#entry(metadata, item));
        }
      },
      takeOver: (listedVersion) => this.#takeOver(listed, listedVersion),
    };
  }

  #takeOver(listed: Map<string, Entry<T>>, listedVersion: number): boolean {
    // Events that came while it was read may have led further than the list.
    if (this.#version !== null && this.#version >= listedVersion) return false;
    const changed = this.#version !== null && !this.#isSame(listed);
    this.#entries = listed;
    this.#version = listedVersion;
    this.#inOrder = null;
    return changed;
  }

  #isSame(listed: ReadonlyMap<string, Entry<T>>): boolean {
    if (listed.size !== this.#entries.size) return false;
    for (const [key, entry] of listed) if (this.#entries.get(key)?.version !== entry.version) return false;
    return true;
  }

  #entry({ uid, resourceVersion }: z.output<typeof identity>['metadata'], raw: unknown): Entry<T> {
    return { uid, version: resourceVersion, value: this.#parse(raw) };
  }
}

export interface MirrorList {
  add(items: readonly unknown[]): void;
  /**
   * The list, complete, of this version replaces what the mirror knew, unless that is newer. Resolves to whether it
   * showed something that the mirror should have been told of by events, and was not.
   */
  takeOver(version: number): boolean;
}

function keyOf({ namespace, name }: { readonly namespace?: string | undefined; readonly name: string }): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
