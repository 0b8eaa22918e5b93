import type { Bus } from '@forescale/shared/bus';
import type { ClusterWriter } from '@forescale/shared/kubernetes';
import { createMemoryState, type StateBucket } from '@forescale/shared/state';
import type { Store } from '@forescale/shared/store';

const nothing = async () => {};
const subscribed = async () => ({ stop: nothing });

/** Reads as `store` does; what is written is dropped. */
export function readOnlyStore(store: Store): Store {
  return {
    write: nothing,
    query: (query) => store.query(query),
    series: (measurement) => store.series(measurement),
    health: () => store.health(),
    close: nothing,
  };
}

/** Knows what streams keep and hears what others say; says nothing itself. */
export function readOnlyBus(bus: Bus): Bus {
  return {
    publish: nothing,
    publishAll: nothing,
    publishDurable: nothing,
    subscribe: (subject, handler) => bus.subscribe(subject, handler),
    request: (subject, data, timeoutMs) => bus.request(subject, data, timeoutMs),
    respond: subscribed,
    ensureStream: nothing,
    consume: subscribed,
    last: (stream, subject) => bus.last(stream, subject),
    health: () => bus.health(),
    close: nothing,
  };
}

/** A copy of the bucket in memory: what is written there is forgotten with it. */
export async function copyOfState(bucket: StateBucket): Promise<StateBucket> {
  const copy = createMemoryState();
  for (const key of await bucket.keys('')) {
    const entry = await bucket.get(key);
    if (entry) await copy.put(key, entry.value);
  }
  return copy;
}

/** A cluster that cannot be changed: it answers as if there were nothing to change. */
export const idleWriter: ClusterWriter = {
  changeNode: async () => false,
  evictPod: async () => 'gone',
  deletePod: nothing,
  deleteNode: nothing,
  createEvent: nothing,
};
