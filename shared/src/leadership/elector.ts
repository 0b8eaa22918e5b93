import type { Health } from '../store/index.ts';
import type { Clock, Random } from '../time/index.ts';
import {
  afterDoubt,
  afterRead,
  afterWrite,
  bid,
  ELECTION_TIMING,
  type ElectionState,
  type ElectionTiming,
  START,
  termAt,
  waitMs,
} from './election.ts';
import type { Leadership } from './leadership.ts';
import type { LeasePort } from './lease.ts';

export interface ElectorParts {
  readonly port: LeasePort;
  /** No other process, and no earlier start of this one, may have the same. */
  readonly self: string;
  /** Steady: what it shows must not jump. */
  readonly clock: Clock;
  /** What the lease shows to people. */
  readonly wallClock: Clock;
  readonly random: Random;
  readonly timing?: ElectionTiming;
  /** How the last round went. */
  readonly onHealth?: (health: Health) => void;
}

/** How often a write that came too late is made again at once. */
const TRIES_MAX = 2;

/** Takes part in the election for one Lease, and says at every moment whether this process leads. */
export class Elector implements Leadership {
  readonly #parts: ElectorParts;
  readonly #timing: ElectionTiming;
  readonly #stop = new AbortController();
  #state: ElectionState = START;
  #termMin = 0;
  #onChange: (term: number | null) => void = () => {};
  /** As `onChange` was told last. */
  #told: number | null = null;
  #running: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();

  constructor(parts: ElectorParts) {
    this.#parts = parts;
    this.#timing = parts.timing ?? ELECTION_TIMING;
  }

  get self(): string {
    return this.#parts.self;
  }

  term(): number | null {
    const term = termAt(this.#state, this.#parts.clock.nowMs());
    return term === null || term < this.#termMin ? null : term;
  }

  holder(): string {
    return this.#state.seen?.lease.holder ?? '';
  }

  outdate(term: number): void {
    // Until the lease carries the later term nobody acts.
    this.#termMin = Math.max(this.#termMin, term + 1);
    this.#tell();
  }

  start(onChange: (term: number | null) => void): void {
    this.#onChange = onChange;
    this.#running = this.#run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#release();
    await this.#watching;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random, self } = this.#parts;
    while (!signal.aborted) {
      const health = await this.#round();
      this.#parts.onHealth?.(health);
      await clock.sleep(waitMs(this.#state, self, clock.nowMs(), random.next(), this.#timing), signal);
    }
  }

  /** Looks at the lease where it has to, and takes or renews it where it may. */
  async #round(): Promise<Health> {
    try {
      for (let tries = 0; tries < TRIES_MAX; tries++) if (await this.#attempt()) break;
      return { ok: true };
    } catch (error) {
      this.#state = afterDoubt(this.#state);
      return { ok: false, reason: error instanceof Error ? error.message : String(error) };
    } finally {
      this.#tell();
    }
  }

  /** False: somebody else has written in between. */
  async #attempt(): Promise<boolean> {
    const { port, clock, self } = this.#parts;
    const { durationMs, actWithinMs } = this.#timing;
    if (this.#state.version === undefined || this.term() === null) {
      const lease = await port.read();
      this.#state = afterRead(this.#state, lease, self, clock.nowMs());
      this.#tell();
    }
    const wanted = bid(this.#state, self, clock.nowMs(), this.#termMin, this.#time(), durationMs);
    if (wanted === null) return true;
    const sentMs = clock.nowMs();
    const written = await port.write(wanted, this.#state.version ?? null);
    this.#state = written === null ? afterDoubt(this.#state) : afterWrite(written, sentMs, actWithinMs);
    return written !== null;
  }

  /** Whoever crashes here has the others wait for the lease to run out, and no more. */
  async #release(): Promise<void> {
    const { port, self } = this.#parts;
    this.#state = { ...this.#state, led: null };
    this.#tell();
    try {
      if (this.#state.version === undefined)
        this.#state = afterRead(this.#state, await port.read(), self, this.#parts.clock.nowMs());
      const { seen, version } = this.#state;
      if (seen?.lease.holder === self && version !== null)
        await port.write({ ...seen.lease, holder: '', renewed: this.#time() }, version ?? null);
    } catch (error) {
      this.#parts.onHealth?.({ ok: false, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Tells of a term that has begun or ended, once. */
  #tell(): void {
    const term = this.term();
    if (term === this.#told) return;
    const before = this.#told;
    this.#told = term;
    if (before !== null) this.#onChange(null);
    if (term === null) return;
    this.#onChange(term);
    this.#watching = this.#watch(this.#watching);
  }

  /** A renewal that hangs must not keep the end of a term from being told. */
  async #watch(before: Promise<void>): Promise<void> {
    await before;
    for (;;) {
      const { led } = this.#state;
      const restMs = led === null ? 0 : led.untilMs - this.#parts.clock.nowMs();
      if (restMs <= 0) break;
      await this.#parts.clock.sleep(restMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
    }
    this.#tell();
  }

  /** RFC 3339 in microseconds, as a Lease wants it. */
  #time(): string {
    return new Date(this.#parts.wallClock.nowMs()).toISOString().replace('Z', '000Z');
  }
}
