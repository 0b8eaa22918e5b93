/** More are sent in the next one. */
const ITEMS_MAX = 100;

interface Batch {
  readonly items: Set<string>;
  readonly done: Promise<void>;
}

/**
 * Calls that a group takes only one of at a time, but each for many items: what comes while one is under way goes
 * together in the next one.
 */
export class Batches {
  readonly #send: (group: string, items: readonly string[], signal: AbortSignal) => Promise<void>;
  readonly #waiting = new Map<string, Batch>();
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(send: (group: string, items: readonly string[], signal: AbortSignal) => Promise<void>) {
    this.#send = send;
  }

  /** Ends with the call that has sent the item. Whoever opened a batch lends it the signal. */
  add(group: string, item: string, signal: AbortSignal): Promise<void> {
    const open = this.#waiting.get(group);
    if (open && open.items.size < ITEMS_MAX) {
      open.items.add(item);
      return open.done;
    }
    const items = new Set([item]);
    const before = this.#last.get(group) ?? Promise.resolve();
    const done = before.then(() => {
      if (this.#waiting.get(group)?.items === items) this.#waiting.delete(group);
      return this.#send(group, [...items], signal);
    });
    this.#waiting.set(group, { items, done });
    this.#last.set(
      group,
      done.catch(() => undefined),
    );
    return done;
  }
}
