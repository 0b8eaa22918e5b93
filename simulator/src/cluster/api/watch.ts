import { type ApiError, expired } from '../objects/errors.ts';
import { apiVersionOf, type Kind } from '../objects/kinds.ts';
import { type Matcher, parseSelectors } from '../objects/selectors.ts';
import type { StoredEntry, StoreEvent } from '../store/entry.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { parseRevision } from './list.ts';
import { typedJson } from './serialize.ts';

/** Receives one line of JSON per event, without the line's end. */
type Sink = (line: string) => void;

/**
 * The events of one watch. Without a revision it begins with everything that is there; with one, with what changed
 * since; where that is forgotten, with an `ERROR` event of code 410, after which it is over.
 */
export class WatchFeed {
  readonly #store: ObjectStore;
  readonly #kind: Kind;
  readonly #namespace: string;
  readonly #matches: Matcher | null;
  readonly #since: number | null;
  #unsubscribe: (() => void) | null = null;

  constructor(store: ObjectStore, kind: Kind, namespace: string, query: URLSearchParams) {
    this.#store = store;
    this.#kind = kind;
    this.#namespace = namespace;
    this.#matches = parseSelectors(kind.name, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
    this.#since = parseRevision(query);
  }

  /** Returns false when the feed is over already. */
  start(sink: Sink): boolean {
    const collection = this.#store.collection(this.#kind.name);
    if (this.#since === null) {
      for (const entry of collection.entries(this.#namespace)) {
        if (this.#covers(entry)) sink(this.#line('ADDED', entry));
      }
    } else {
      const missed = this.#since > this.#store.revision ? null : collection.changesSince(this.#since);
      if (missed === null) {
        sink(errorLine(expired(`too old resource version: ${this.#since} (${this.#store.revision})`)));
        return false;
      }
      for (const event of missed) this.#forward(event, sink);
    }
    this.#unsubscribe = this.#store.onChange((event) => {
      if (event.kind === this.#kind.name) this.#forward(event, sink);
    });
    return true;
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  /** Says how far the watch has come, so that whoever resumes it need not see old changes again. */
  bookmark(): string {
    const version = apiVersionOf(this.#kind);
    const metadata = `{"resourceVersion":"${this.#store.revision}","creationTimestamp":null}`;
    return `{"type":"BOOKMARK","object":{"kind":"${this.#kind.kind}","apiVersion":"${version}","metadata":${metadata}}}`;
  }

  /** To a watch with selectors, an object that stops matching is deleted and one that begins to is added. */
  #forward(event: StoreEvent, sink: Sink): void {
    const before = event.previous !== null && this.#covers(event.previous);
    const after = event.type !== 'DELETED' && this.#covers(event.entry);
    if (after) sink(this.#line(before ? 'MODIFIED' : 'ADDED', event.entry));
    else if (before) sink(this.#line('DELETED', event.entry));
  }

  #covers(entry: StoredEntry): boolean {
    if (this.#namespace !== '' && entry.object.metadata.namespace !== this.#namespace) return false;
    return this.#matches === null || this.#matches(entry.object);
  }

  #line(type: StoreEvent['type'], entry: StoredEntry): string {
    return `{"type":"${type}","object":${typedJson(this.#kind, entry)}}`;
  }
}

function errorLine(error: ApiError): string {
  return `{"type":"ERROR","object":${JSON.stringify(error.toStatus())}}`;
}
