import type { Health } from '@forescale/shared/store';
import { type Clock, within } from '@forescale/shared/time';
import type { PulledSource, Reading } from '../sources/source.ts';

/** How one look at a source ended; no reading where it was away. */
export interface Look {
  readonly source: PulledSource;
  readonly reading: Reading | null;
  readonly health: Health;
}

/** Asks each source at its own pace, all that are due at once, and none twice at a time. */
export class Schedule {
  readonly #sources: readonly PulledSource[];
  readonly #ioClock: Clock;
  readonly #askedMs = new Map<PulledSource, number>();
  readonly #running = new Map<PulledSource, Promise<Look>>();

  /** `ioClock` measures time-outs: while a simulation's time stands still, a server's does not. */
  constructor(sources: readonly PulledSource[], ioClock: Clock) {
    this.#sources = sources;
    this.#ioClock = ioClock;
  }

  /** How often something is due: the shortest interval of any; null where all go with the ticks. */
  get pollMs(): number | null {
    const paces = this.#sources.map((source) => source.intervalMs).filter((ms) => ms > 0);
    return paces.length === 0 ? null : Math.min(...paces);
  }

  /**
   * Asks those that are due at `nowMs`, and resolves when each has answered or its time is out. What another call has
   * asked for already is waited for, and is that call's to hand on. Never rejects.
   */
  async poll(nowMs: number): Promise<readonly Look[]> {
    const others = [...this.#running.values()];
    const due = this.#sources.filter((source) => this.#isDue(source, nowMs));
    const looks = await Promise.all(due.map((source) => this.#ask(source, nowMs)));
    await Promise.all(others);
    return looks;
  }

  #isDue(source: PulledSource, nowMs: number): boolean {
    if (this.#running.has(source)) return false;
    const askedMs = this.#askedMs.get(source);
    if (askedMs === undefined) return true;
    return Math.floor(nowMs / source.intervalMs) > Math.floor(askedMs / source.intervalMs);
  }

  #ask(source: PulledSource, nowMs: number): Promise<Look> {
    if (source.intervalMs > 0) this.#askedMs.set(source, nowMs);
    const look = this.#look(source, nowMs).finally(() => this.#running.delete(source));
    this.#running.set(source, look);
    return look;
  }

  async #look(source: PulledSource, nowMs: number): Promise<Look> {
    const { timeoutMs } = source;
    const read = (signal: AbortSignal) => source.read(nowMs, signal);
    try {
      const reading =
        timeoutMs === null
          ? await read(new AbortController().signal)
          : await within(this.#ioClock, timeoutMs, read, () => new Error(`no answer within ${timeoutMs / 1_000} s`));
      return { source, reading, health: { ok: true } };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { source, reading: null, health: { ok: false, reason } };
    }
  }
}
