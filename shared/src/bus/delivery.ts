import { outsideOfTraces } from '../telemetry/index.ts';

/** A handler that is further behind than this misses messages, rather than filling the memory. */
const WAITING_MAX = 10_000;

/**
 * Hands messages to a handler one at a time, in order. Errors of the handler go to `onError`; messages that find the
 * queue full are dropped, which is said once for each time that it happens.
 */
export class SerialDelivery<T> {
  readonly #name: string;
  readonly #handler: (message: T) => void | Promise<void>;
  readonly #onError: (error: Error) => void;
  #waiting: T[] = [];
  /** Taken from `#waiting`, not yet handled. */
  #inHand = 0;
  #dropped = 0;
  #stopped = false;
  #running: Promise<void> | null = null;

  constructor(name: string, handler: (message: T) => void | Promise<void>, onError: (error: Error) => void) {
    this.#name = name;
    this.#handler = handler;
    this.#onError = onError;
  }

  push(message: T): void {
    if (this.#stopped) return;
    if (this.#waiting.length + this.#inHand >= WAITING_MAX) {
      if (this.#dropped++ === 0) {
        this.#onError(new Error(`${this.#name}: ${WAITING_MAX} messages wait for the handler; newer ones are dropped`));
      }
      return;
    }
    this.#waiting.push(message);
    // What was published with the first of them says nothing of the others.
    this.#running ??= outsideOfTraces(() => this.#run());
  }

  /** Drops what waits and resolves when the handler has finished. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting = [];
    await this.#running;
  }

  async #run(): Promise<void> {
    // Never inside the publisher's own call.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#inHand = batch.length;
      for (const message of batch) {
        if (this.#stopped) break;
        try {
          await this.#handler(message);
        } catch (error) {
          this.#onError(error instanceof Error ? error : new Error(String(error)));
        }
        this.#inHand--;
      }
      this.#inHand = 0;
    }
    if (this.#dropped > 0) this.#onError(new Error(`${this.#name}: ${this.#dropped} messages were dropped`));
    this.#dropped = 0;
    this.#running = null;
  }
}
