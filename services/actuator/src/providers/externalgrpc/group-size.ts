import type { Clock } from '@forescale/shared/time';
import { asProviderError, ProviderError } from '../errors.ts';

/**
 * A server may still be carrying out a call that it was asked for so long ago and whose answer was lost. Less than the
 * minute between two ticks, so that the next one knows.
 */
const IN_DOUBT_MS = 45_000;
/** What was asked for within so long before this process was first heard of is its own. */
const FIRST_TICK_MS = 1_000;

/** How the size of one group is read and changed: by differences, since the interface knows nothing else. */
export interface SizeCalls {
  read(signal: AbortSignal): Promise<number>;
  change(delta: number, signal: AbortSignal): Promise<void>;
}

/** A change that was sent: from what was read before it to what is read when it has been carried out. */
interface Change {
  readonly base: number;
  readonly target: number;
  readonly sentMs: number;
  /** It was answered with success; a read that does not show it is old. */
  readonly confirmed: boolean;
}

/**
 * The size of one group, changed by differences that are never sent twice. Differences are computed from a size that was
 * read for it, one change at a time. A change whose answer was lost is looked for by reading again; while the server may
 * still be at it no other is sent, and the call fails as a `conflict`: what was asked for may be there already.
 */
export class GroupSize {
  readonly #calls: SizeCalls;
  readonly #clock: Clock;
  readonly #bornMs: number;
  /** Requests of this process while another one's changes may be under way. */
  readonly #own = new Set<string>();
  #last: Change | null = null;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(calls: SizeCalls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
    this.#bornMs = clock.nowMs();
  }

  /** Nothing else is done to the group meanwhile. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /** A request that the group is about to be raised for. */
  hear(requestId: string, createdMs: number): void {
    if (this.#isYoung() && createdMs >= this.#bornMs - FIRST_TICK_MS) this.#own.add(requestId);
  }

  /** Raises it to `size`. Resolves to whether anything had to be sent. */
  raise(size: number, signal: AbortSignal): Promise<boolean> {
    return this.alone(async () => {
      const base = await this.read(signal);
      if (base >= size) return false;
      this.#refuseInDoubt(base, size - base);
      await this.#send(base, size, signal);
      return true;
    });
  }

  /** Lowers it to `size`; to be called `alone`. */
  async lower(base: number, size: number, signal: AbortSignal): Promise<void> {
    if (base <= size) return;
    this.#refuseInDoubt(base, size - base);
    await this.#send(base, size, signal);
  }

  /** As the server shows it, unless it was changed with success and shows the size before; to be called `alone`. */
  async read(signal: AbortSignal): Promise<number> {
    const shown = await this.#calls.read(signal);
    const last = this.#last;
    if (last === null) return shown;
    const isShown = last.target > last.base ? shown >= last.target : shown <= last.target;
    const isOver = isShown || !this.#isWithin(last.sentMs);
    if (isOver) this.#last = null;
    return !isOver && last.confirmed ? last.target : shown;
  }

  /** Members were deleted, by which the group has become smaller. To be called `alone`. */
  shrunk(by: number): void {
    if (this.#last) this.#last = { ...this.#last, base: this.#last.base - by, target: this.#last.target - by };
  }

  #isYoung(): boolean {
    return this.#isWithin(this.#bornMs);
  }

  /** Not so of what lies ahead: the clock was set back. */
  #isWithin(sinceMs: number): boolean {
    const agoMs = this.#clock.nowMs() - sinceMs;
    return agoMs >= 0 && agoMs < IN_DOUBT_MS;
  }

  /**
   * Besides its own calls those of a process before this one may be under way, which died with them: what is asked for
   * beyond this process's own requests is left alone until they would show.
   */
  #refuseInDoubt(base: number, delta: number): void {
    if (this.#last !== null && !this.#last.confirmed)
      throw new ProviderError(
        'conflict',
        `not sent: whether the group was changed from ${this.#last.base} to ${this.#last.target} is not known yet`,
      );
    if (this.#isYoung() && delta > this.#own.size)
      throw new ProviderError(
        'conflict',
        `not sent: more than this process has asked for; whether an earlier one has raised the group above ${base} is not known yet`,
      );
  }

  async #send(base: number, target: number, signal: AbortSignal): Promise<void> {
    const sentMs = this.#clock.nowMs();
    this.#last = { base, target, sentMs, confirmed: false };
    try {
      await this.#calls.change(target - base, signal);
      this.#last = { base, target, sentMs, confirmed: true };
    } catch (cause) {
      const error = asProviderError(cause);
      if (!error.ambiguous) this.#last = null;
      if (!error.ambiguous || signal.aborted) throw error;
      // Carried out, as far as anybody can see: then the read has settled it.
      await this.read(signal);
      if (this.#last !== null) throw error;
    }
  }
}
