import type { Random } from '@forescale/shared/time';
import { CloudError, type CloudErrorClass } from './errors.ts';
import type { Offering } from './offering.ts';

/** Shares of all creations, in [0, 1], that go wrong; drawn from the cloud's seed. */
export interface FaultShares {
  readonly capacity?: number;
  readonly throttled?: number;
  /** Fails without having made anything. */
  readonly transient?: number;
  /** The machine is made, but the caller gets a `transient` error. */
  readonly lost?: number;
  /** The machine boots, is paid for, and never becomes a node. */
  readonly neverRegisters?: number;
  /** The machine takes `slowBootFactor` times as long. */
  readonly slowBoot?: number;
  /** 5 when absent. */
  readonly slowBootFactor?: number;
}

/** The fate of one machine, before it is made. */
export interface Fate {
  /** Thrown instead of making the machine. */
  readonly refusal: CloudErrorClass | null;
  /** Thrown after it was made. */
  readonly lost: boolean;
  readonly registers: boolean;
  readonly bootFactor: number;
}

/** A fate that is given to the next creations, rather than drawn. */
export interface PlannedFault {
  readonly fate: CloudErrorClass | 'lost' | 'never-registers';
  /** 1 when absent. */
  readonly times?: number;
  /** Only creations of these offerings; absent: any. */
  readonly offering?: (offering: Offering) => boolean;
}

const GOOD: Fate = { refusal: null, lost: false, registers: true, bootFactor: 1 };

/** Decides which creations go wrong, and how: as planned, else by chance. */
export class CloudFaults {
  shares: FaultShares;
  readonly #random: Random;
  #planned: { fault: PlannedFault; left: number }[] = [];

  constructor(shares: FaultShares, random: Random) {
    this.shares = shares;
    this.#random = random;
  }

  plan(fault: PlannedFault): void {
    this.#planned.push({ fault, left: fault.times ?? 1 });
  }

  /** Takes the same number of draws whatever comes out, so that one share does not move the fate of others. */
  draw(offering: Offering): Fate {
    const [first, second, third] = [this.#random.next(), this.#random.next(), this.#random.next()];
    const planned = this.#planned.find(({ fault }) => fault.offering?.(offering) ?? true);
    if (planned !== undefined) {
      planned.left--;
      this.#planned = this.#planned.filter(({ left }) => left > 0);
      const { fate } = planned.fault;
      if (fate === 'lost') return { ...GOOD, lost: true };
      if (fate === 'never-registers') return { ...GOOD, registers: false };
      return { ...GOOD, refusal: fate };
    }
    const { capacity = 0, throttled = 0, transient = 0, lost = 0, slowBootFactor = 5 } = this.shares;
    const bands = [
      [capacity, 'capacity'],
      [throttled, 'throttled'],
      [transient, 'transient'],
      [lost, 'lost'],
    ] as const;
    const outcome = pick(bands, first);
    return {
      refusal: outcome === 'lost' ? null : outcome,
      lost: outcome === 'lost',
      registers: second >= (this.shares.neverRegisters ?? 0),
      bootFactor: third < (this.shares.slowBoot ?? 0) ? slowBootFactor : 1,
    };
  }
}

function pick<T>(bands: readonly (readonly [number, T])[], draw: number): T | null {
  let upTo = 0;
  for (const [share, outcome] of bands) {
    upTo += share;
    if (draw < upTo) return outcome;
  }
  return null;
}

const MESSAGES: Readonly<Record<CloudErrorClass, string>> = {
  capacity: 'InsufficientCapacity: there are no such machines now',
  quota: 'QuotaExceeded: the account has reached its limit',
  throttled: 'RequestLimitExceeded: too many requests',
  transient: 'InternalError: please try again',
  auth: 'Unauthorized: the credentials are not accepted',
  config: 'InvalidParameter: the request is wrong',
  conflict: 'AlreadyExists: there is a machine of that name',
};

export function refusalOf(errorClass: CloudErrorClass): CloudError {
  return new CloudError(errorClass, MESSAGES[errorClass], errorClass === 'throttled' ? 1 : null);
}
