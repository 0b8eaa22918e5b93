import { type Random, seededRandom } from '@forescale/shared/time';
import type { EndpointFault } from '../target.ts';

export type CallKind = 'create' | 'read' | 'terminate' | 'wait';

/** What may go wrong with any call, by chance. */
const BY_CHANCE: readonly EndpointFault[] = ['throttled', 'unavailable', 'reset', 'lost'];

/** Which calls go wrong, and how: as planned, else by chance. */
export class Faults {
  readonly #planned: { readonly kind: CallKind; readonly fault: EndpointFault; left: number }[] = [];
  readonly #methods = new Map<string, EndpointFault>();
  #share = 0;
  #random: Random = seededRandom(0);

  plan(kind: CallKind, fault: EndpointFault, times: number): void {
    this.#planned.push({ kind, fault, left: times });
  }

  atRandom(share: number, seed: number): void {
    this.#share = share;
    this.#random = seededRandom(seed);
  }

  /** The next call of one method. */
  planMethod(method: string, fault: EndpointFault): void {
    this.#methods.set(method, fault);
  }

  next(kind: CallKind, method: string): EndpointFault | null {
    const own = this.#methods.get(method);
    this.#methods.delete(method);
    if (own) return own;
    const planned = this.#planned.find((one) => one.kind === kind && one.left > 0);
    if (planned) {
      planned.left--;
      return planned.fault;
    }
    if (this.#random.next() >= this.#share) return null;
    return BY_CHANCE[this.#random.below(BY_CHANCE.length)] ?? null;
  }
}
