import type { Random } from '@forescale/shared/time';
import type { CallFault, Fate } from './fault.ts';

/** The call faults that are in force, and what becomes of each call. */
export class FaultBoard {
  readonly #active = new Set<CallFault>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  begin(fault: CallFault): void {
    this.#active.add(fault);
  }

  end(fault: CallFault): void {
    this.#active.delete(fault);
  }

  /** Null: nothing is wrong with it. */
  fateOf(call: string, offering: string | null): Fate | null {
    for (const { calls, share, fates, offerings } of this.#active) {
      if (!calls.some((prefix) => call.startsWith(prefix))) continue;
      if (offerings !== null && (offering === null || !offerings.includes(offering))) continue;
      if (this.#random.next() < share) return fates[this.#random.below(fates.length)] ?? null;
    }
    return null;
  }
}
