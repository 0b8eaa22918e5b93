import type { Timeline } from '../../timeline/index.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Events are kept for an hour, as by a real server, and at most `eventsMax` of them: the oldest go first. */
const EVENT_TTL_MS = 3_600_000;

/** Removes events that are too old or too many. */
export function expireEvents(store: ObjectStore, timeline: Timeline, eventsMax: number): void {
  const oldestFirst = new Map<string, { readonly namespace: string; readonly name: string }>();
  const remove = (uid: string) => {
    const event = oldestFirst.get(uid);
    oldestFirst.delete(uid);
    if (event !== undefined) store.delete('events', event.namespace, event.name);
  };
  store.onChange(({ kind, type, entry }) => {
    if (kind !== 'events') return;
    const { uid, name, namespace = '' } = entry.object.metadata;
    if (type === 'DELETED') oldestFirst.delete(uid);
    if (type !== 'ADDED') return;
    oldestFirst.set(uid, { namespace, name });
    timeline.after(EVENT_TTL_MS, () => remove(uid));
    const [oldest] = oldestFirst.keys();
    if (oldestFirst.size > eventsMax && oldest !== undefined) timeline.after(0, () => remove(oldest));
  });
}
