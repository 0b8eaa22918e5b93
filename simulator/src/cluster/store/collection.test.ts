import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WatchFeed } from '../api/watch.ts';
import { kindNamed } from '../objects/kinds.ts';
import type { StoredObject } from '../objects/objects.ts';
import { ObjectStore } from './object-store.ts';

interface Change {
  readonly name: string;
  readonly namespace: string;
  readonly color: 'red' | 'blue';
  readonly remove: boolean;
}

const change: fc.Arbitrary<Change> = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  namespace: fc.constantFrom('one', 'one-more', 'two'),
  color: fc.constantFrom('red', 'blue'),
  remove: fc.boolean(),
});

function apply(store: ObjectStore, { name, namespace, color, remove }: Change): void {
  if (remove) store.delete('configmaps', namespace, name);
  else store.put('configmaps', objectOf(name, namespace, color));
}

function objectOf(name: string, namespace: string, color: string): StoredObject {
  const metadata = { name, namespace, uid: '', resourceVersion: '', creationTimestamp: '', labels: { color } };
  return { metadata };
}

function stateOf(store: ObjectStore, namespace = ''): string[] {
  return store
    .collection('configmaps')
    .entries(namespace)
    .map((entry) => entry.json);
}

const limits = { historyEvents: 1000, objectsPerKind: 1000 };

describe('object store', () => {
  it('shows any state that its history covers, as it was', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), fc.constantFrom('', 'one', 'two'), (changes, namespace) => {
        const store = new ObjectStore(limits);
        const states = new Map<number, string[]>();
        for (const one of changes) {
          apply(store, one);
          states.set(store.revision, stateOf(store, namespace));
        }
        for (const [revision, state] of states) {
          const then = store.collection('configmaps').entriesAt(revision, namespace);
          expect(then?.map((entry) => entry.json)).toEqual(state);
        }
      }),
    );
  });

  it('gives a watch from any listed state exactly what leads to the present one, with any selector', () => {
    const selector = fc.constantFrom('', 'color=red', 'color!=red', '!color');
    const space = fc.constantFrom('', 'one', 'two');
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 60 }),
        fc.nat(60),
        selector,
        space,
        (changes, cut, labelSelector, namespace) => {
          const store = new ObjectStore(limits);
          for (const one of changes.slice(0, cut)) apply(store, one);
          const query = new URLSearchParams({ labelSelector, resourceVersion: String(store.revision) });
          const feed = () => new WatchFeed(store, kindNamed('configmaps'), namespace, query);
          const copy = copyOf(store, namespace, labelSelector);
          const live = new Map(copy);
          const stop = follow(feed(), live);
          for (const one of changes.slice(cut)) apply(store, one);
          const resumed = new Map(copy);
          const stopResumed = follow(feed(), resumed);
          const present = [...copyOf(store, namespace, labelSelector)].sort();
          expect([...live].sort()).toEqual(present);
          expect([...resumed].sort()).toEqual(present);
          stop();
          stopResumed();
        },
      ),
    );
  });

  it('forgets the oldest changes, and says so', () => {
    const store = new ObjectStore({ historyEvents: 10, objectsPerKind: 1000 });
    for (let i = 0; i < 100; i++) store.put('configmaps', objectOf(`name-${i}`, 'one', 'red'));
    const collection = store.collection('configmaps');
    expect(collection.changesSince(1)).toBeNull();
    expect(collection.entriesAt(5, '')).toBeNull();
    expect(collection.changesSince(store.revision - 10)).toHaveLength(10);
  });

  it('refuses more objects than it has room for', () => {
    const store = new ObjectStore({ historyEvents: 10, objectsPerKind: 2 });
    store.put('configmaps', objectOf('a', 'one', 'red'));
    store.put('configmaps', objectOf('b', 'one', 'red'));
    store.put('configmaps', objectOf('b', 'one', 'blue'));
    expect(() => store.put('configmaps', objectOf('c', 'one', 'red'))).toThrow('database space exceeded');
  });
});

/** Name and version of what a list with the selector shows. */
function copyOf(store: ObjectStore, namespace: string, labelSelector: string): Map<string, string> {
  const copy = new Map<string, string>();
  const query = new URLSearchParams({ labelSelector });
  const feed = new WatchFeed(store, kindNamed('configmaps'), namespace, query);
  follow(feed, copy)();
  return copy;
}

function follow(feed: WatchFeed, copy: Map<string, string>): () => void {
  feed.start((line) => {
    const { type, object } = JSON.parse(line) as { type: string; object: StoredObject };
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (type === 'DELETED') expect(copy.delete(key)).toBe(true);
    else {
      expect(copy.has(key)).toBe(type === 'MODIFIED');
      copy.set(key, object.metadata.resourceVersion);
    }
  });
  return () => feed.stop();
}
