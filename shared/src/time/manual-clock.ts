import type { Clock } from './clock.ts';

/** A clock that moves only when told to: virtual time for simulations and tests. */
export class ManualClock implements Clock {
  #nowMs: number;
  #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Moves to `timeMs` (never back) and wakes whoever slept until then, earliest first. */
  advanceTo(timeMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, timeMs);
    const due = this.#sleepers.filter((s) => s.untilMs <= this.#nowMs).sort((a, b) => a.untilMs - b.untilMs);
    this.#sleepers = this.#sleepers.filter((s) => s.untilMs > this.#nowMs);
    for (const sleeper of due) sleeper.wake();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const abort = () => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        resolve();
      };
      const wake = () => {
        // One signal may see a million sleeps.
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper = { untilMs: this.#nowMs + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}
