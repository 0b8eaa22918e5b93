import type { Clock } from '@forescale/shared/time';
import type { VirtualTime } from './virtual-time.ts';

/** What may befall a process just before or just after the effect of its n-th call of a kind. */
export interface Trap {
  readonly calls: string;
  readonly left: number;
  readonly edge: 'before' | 'after';
  readonly spring: (where: string) => void;
}

/**
 * One process of the actuator, as the world outside sees it: it can be killed or frozen between any two of its steps.
 * All that it awaits are its ports and its clock, so that to hold those back is to hold the process back.
 */
export class ProcessLife {
  readonly #time: VirtualTime;
  readonly #onDeath: (why: string) => void;
  #dead = false;
  #trap: Trap | null = null;
  #frozen: PromiseWithResolvers<void> | null = null;
  /** What its clock shows beside the true time: always a little, and in a jump much more. */
  readonly #skewMs: number;
  jumpMs = 0;
  /** How often it was held. */
  holds = 0;

  constructor(time: VirtualTime, skewMs: number, onDeath: (why: string) => void) {
    this.#time = time;
    this.#skewMs = skewMs;
    this.#onDeath = onDeath;
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(why: string): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#onDeath(why);
  }

  setTrap(trap: Trap | null): void {
    this.#trap = trap;
  }

  freeze(): void {
    if (this.#frozen !== null) return;
    this.holds++;
    this.#frozen = Promise.withResolvers();
  }

  thaw(): void {
    this.#frozen?.resolve();
    this.#frozen = null;
  }

  /** Every step of the process passes here. Never resolves once it is dead. */
  async passage(): Promise<void> {
    while (this.#frozen !== null) await this.#frozen.promise;
    // One of its own for each: what waits for the same promise stays in memory with it, whole days of the dead.
    if (this.#dead) await new Promise<never>(() => undefined);
  }

  /** The same, at one edge of a call of this kind: a trap may kill it here. */
  async edge(calls: string, edge: Trap['edge']): Promise<void> {
    await this.passage();
    const trap = this.#trap;
    if (trap === null || trap.edge !== edge || !calls.startsWith(trap.calls)) return;
    if (trap.left > 0) {
      this.#trap = { ...trap, left: trap.left - 1 };
      return;
    }
    this.#trap = null;
    trap.spring(`${edge} ${calls}`);
    await this.passage();
  }

  clock(): Clock {
    return this.#clock(() => this.#time.nowMs() + this.#skewMs + this.jumpMs);
  }

  /** One that counts on when somebody sets the other: what elections go by. */
  steadyClock(): Clock {
    return this.#clock(() => this.#time.nowMs());
  }

  #clock(nowMs: () => number): Clock {
    return {
      nowMs,
      sleep: async (ms, signal) => {
        await this.#time.sleep(ms, signal);
        await this.passage();
      },
    };
  }
}
