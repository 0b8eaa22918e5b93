interface Due {
  readonly atMs: number;
  readonly act: () => void;
}

/**
 * The time of one simulated day. It stands still while anything runs that does not wait for it, and jumps to the next
 * instant at which something is due; `follow` takes the rest of the world there first.
 */
export class VirtualTime {
  #nowMs: number;
  /** Ascending by time; equal times in the order in which they were asked for. */
  readonly #due: Due[] = [];
  readonly #follow: (nowMs: number) => void;

  constructor(startMs: number, follow: (nowMs: number) => void) {
    this.#nowMs = startMs;
    this.#follow = follow;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Has `act` called at the millisecond of `atMs`, at the earliest when time moves next. What it returns calls that off. */
  at(atMs: number, act: () => void): () => void {
    const due = { atMs: Math.max(Math.ceil(atMs), this.#nowMs), act };
    this.#due.splice(this.#after(due.atMs), 0, due);
    return () => {
      const index = this.#due.indexOf(due);
      if (index >= 0) this.#due.splice(index, 1);
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const cancel = this.at(this.#nowMs + ms, wake);
      const abort = () => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Lets everything happen until `endMs`, each instant in full before the next. */
  async runUntil(endMs: number): Promise<void> {
    await settled();
    for (let next = this.#due[0]; next !== undefined && next.atMs <= endMs; next = this.#due[0]) {
      this.#moveTo(next.atMs);
      while ((this.#due[0]?.atMs ?? Number.POSITIVE_INFINITY) <= this.#nowMs) this.#due.shift()?.act();
      await settled();
    }
    this.#moveTo(endMs);
  }

  #moveTo(nowMs: number): void {
    this.#follow(nowMs);
    this.#nowMs = nowMs;
  }

  #after(atMs: number): number {
    let low = 0;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#due[middle] as Due).atMs > atMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Resolves when all that runs waits for time, or for ever: a turn of the event loop takes every promise with it. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
