import { type Random, seededRandom } from '@forescale/shared/time';
import type { EndpointFault } from '../target.ts';
import { REFUSALS, type Reply } from './replies.ts';

export type Call = 'create' | 'read' | 'terminate';

/** What may befall any call; that there is no room only one that makes machines. */
const AT_RANDOM: readonly EndpointFault[] = ['throttled', 'unavailable', 'reset', 'lost'];
const OF_CREATE_AT_RANDOM: readonly EndpointFault[] = [...AT_RANDOM, 'capacity', 'quota'];

/** Which calls go wrong, and how. */
export class Faults {
  readonly #queued: { readonly call: Call; readonly fault: EndpointFault; left: number }[] = [];
  #share = 0;
  #random: Random = seededRandom(1);

  fail(call: Call, fault: EndpointFault, times: number): void {
    this.#queued.push({ call, fault, left: times });
  }

  failAtRandom(share: number, seed: number): void {
    this.#share = share;
    this.#random = seededRandom(seed);
  }

  next(call: Call): EndpointFault | null {
    const queued = this.#queued.find((one) => one.call === call && one.left > 0);
    if (queued) {
      queued.left--;
      return queued.fault;
    }
    if (this.#random.next() >= this.#share) return null;
    const faults = call === 'create' ? OF_CREATE_AT_RANDOM : AT_RANDOM;
    return faults[this.#random.below(faults.length)] ?? null;
  }
}

/** How ARM says it; null: by its silence. */
export function refusalOf(fault: EndpointFault, action: string, isSpot: boolean): Reply | null {
  switch (fault) {
    case 'capacity':
      return REFUSALS.skuNotAvailable('Standard_D4s_v5', 'westeurope');
    case 'quota':
      return REFUSALS.quota(isSpot ? 'LowPriorityCores' : 'standardDSv5Family Cores');
    case 'auth':
      return REFUSALS.unauthorized(action);
    case 'throttled':
      return REFUSALS.throttled;
    case 'unavailable':
      return REFUSALS.unavailable;
    case 'reset':
    case 'lost':
      return null;
  }
}
