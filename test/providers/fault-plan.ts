import { type Random, seededRandom } from '@forescale/shared/time';
import type { EndpointFault } from './target.ts';

export type EndpointCall = 'create' | 'read' | 'terminate';

/** What befalls calls however they are made: these are drawn at random. */
const AT_RANDOM: readonly EndpointFault[] = ['unavailable', 'reset', 'lost', 'throttled'];

/** Which calls of an end point go wrong, and how: first those that are planned, then some by chance. */
export class FaultPlan {
  readonly #planned: { readonly call: EndpointCall; readonly fault: EndpointFault; times: number }[] = [];
  #share = 0;
  #random: Random = seededRandom(0);

  fail(call: EndpointCall, fault: EndpointFault, times: number): void {
    this.#planned.push({ call, fault, times });
  }

  failAtRandom(share: number, seed: number): void {
    this.#share = share;
    this.#random = seededRandom(seed);
  }

  /** What befalls this call; null: nothing. `other`: what only chance befalls. */
  next(call: EndpointCall | 'other'): EndpointFault | null {
    const planned = this.#planned.find((one) => one.call === call && one.times > 0);
    if (planned) {
      planned.times--;
      return planned.fault;
    }
    if (this.#random.next() >= this.#share) return null;
    return AT_RANDOM[this.#random.below(AT_RANDOM.length)] ?? null;
  }
}
