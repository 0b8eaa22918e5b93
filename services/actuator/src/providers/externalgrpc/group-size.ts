import type { Clock } from '@forescale/shared/time';
import { asProviderError, ProviderError } from '../errors.ts';

/**
 * A server may still be carrying out a call that it was asked for so long ago and whose answer was lost. Two tries of
 * 15 s see the end of it.
 */
const IN_DOUBT_MS = 30_000;
const READ_AGAIN_MS = 2_000;
/** What was asked for within so long before this process first dealt with the group is its own. */
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
 * The size of one group, changed by differences that are never sent twice. A difference is computed from a size that was
 * read for it, one change at a time. A change whose answer was lost is looked for by reading again; while the server may
 * still be at it no other is sent.
 */
export class GroupSize {
  readonly #calls: SizeCalls;
  readonly #clock: Clock;
  readonly #bornMs: number;
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

  /** Raises it to `size`, for what was asked for at `createdMs` and after. Resolves to whether anything had to be sent. */
  raise(size: number, createdMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#onceCertain(createdMs, signal, async (shown) => {
      if (shown >= size) return 'nothing to do';
      return { base: shown, target: size };
    });
  }

  /** Lowers it to what `floorOf` says of the size that it has. */
  async lower(floorOf: (shown: number) => Promise<number>, signal: AbortSignal): Promise<void> {
    await this.#onceCertain(Number.POSITIVE_INFINITY, signal, async (shown) => {
      const floor = await floorOf(shown);
      // Members may have been deleted by it.
      const base = await this.read(signal);
      return base <= floor ? 'nothing to do' : { base, target: floor };
    });
  }

  /** As the server shows it, unless that is from before a change that was answered with success. */
  async read(signal: AbortSignal): Promise<number> {
    const shown = await this.#calls.read(signal);
    const last = this.#last;
    if (last === null) return shown;
    const isShown = last.target > last.base ? shown >= last.target : shown <= last.target;
    if (isShown || !this.#isWithin(last.sentMs)) this.#last = null;
    return this.#last?.confirmed ? last.target : shown;
  }

  /** Members were deleted, by which the group has become smaller. To be called `alone`. */
  shrunk(by: number): void {
    if (this.#last) this.#last = { ...this.#last, base: this.#last.base - by, target: this.#last.target - by };
  }

  /** Sends what `wanted` makes of the size, as soon as nothing is in doubt any more; others get their turns meanwhile. */
  async #onceCertain(
    createdMs: number,
    signal: AbortSignal,
    wanted: (shown: number) => Promise<'nothing to do' | Pick<Change, 'base' | 'target'>>,
  ): Promise<boolean> {
    for (;;) {
      const outcome = await this.alone(async () => {
        const change = await wanted(await this.read(signal));
        if (change === 'nothing to do') return false;
        if (this.#isInDoubt(createdMs)) return 'in doubt';
        await this.#send(change, signal);
        return true;
      });
      if (outcome !== 'in doubt') return outcome;
      await this.#clock.sleep(READ_AGAIN_MS, signal);
      if (signal.aborted) throw new ProviderError('transient', 'a change of the group before this one is in doubt');
    }
  }

  /**
   * Besides a change of its own that of a process before this one may be under way, which died with it. There is none
   * where all that is waited for was asked for later.
   */
  #isInDoubt(createdMs: number): boolean {
    if (this.#last !== null && !this.#last.confirmed) return true;
    return createdMs < this.#bornMs - FIRST_TICK_MS && this.#isWithin(this.#bornMs);
  }

  /** Not so of what lies ahead: the clock was set back. */
  #isWithin(sinceMs: number): boolean {
    const agoMs = this.#clock.nowMs() - sinceMs;
    return agoMs >= 0 && agoMs < IN_DOUBT_MS;
  }

  async #send({ base, target }: Pick<Change, 'base' | 'target'>, signal: AbortSignal): Promise<void> {
    const sentMs = this.#clock.nowMs();
    this.#last = { base, target, sentMs, confirmed: false };
    try {
      await this.#calls.change(target - base, signal);
      this.#last = { base, target, sentMs, confirmed: true };
    } catch (cause) {
      const error = asProviderError(cause);
      if (!error.ambiguous) this.#last = null;
      throw error;
    }
  }
}
