import type { OfferingConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';

/** From asked for to running, and from told to go to gone. */
const BOOT_MS = 60_000;
const END_MS = 30_000;

type Lack = { readonly code: string; readonly message: string; readonly errorClass: number };

export interface GroupInstance {
  readonly id: string;
  readonly madeMs: number;
  state: 'creating' | 'running' | 'deleting';
  endsMs: number;
  lack: Lack | null;
}

const SOLD_OUT: Lack = { code: 'RESOURCE_POOL_EXHAUSTED', message: 'no such machines in the zone', errorClass: 1 };

/** A group as a cloud keeps it: it makes what its target asks for, and replaces nothing that was deleted. */
export class Group {
  readonly id: string;
  minSize: number;
  readonly maxSize: number;
  target = 0;
  /** The largest that the target ever was. */
  highest = 0;
  isSoldOut = false;
  /** Nothing that is asked for is begun. */
  isHeld = false;
  instances: GroupInstance[] = [];
  readonly #clock: Clock;
  #made = 0;

  constructor(id: string, bounds: { readonly minSize: number; readonly maxSize: number }, clock: Clock) {
    this.id = id;
    this.minSize = bounds.minSize;
    this.maxSize = bounds.maxSize;
    this.#clock = clock;
  }

  /** The instances that stand for the target. */
  get alive(): readonly GroupInstance[] {
    return this.instances.filter(({ state }) => state !== 'deleting');
  }

  grow(delta: number): void {
    this.target += delta;
    this.highest = Math.max(this.highest, this.target);
    this.#fill();
  }

  /** A deletion lowers the target: nothing is made in its place. A second one takes another with it: the caller must not. */
  end(id: string): void {
    const named = this.instances.find((one) => one.id === id);
    const instance = named?.state === 'deleting' ? this.alive.at(-1) : named;
    if (!instance) return;
    this.target--;
    if (instance.lack) this.instances = this.instances.filter((one) => one !== instance);
    instance.state = 'deleting';
    instance.endsMs = this.#clock.nowMs() + END_MS;
  }

  step(): void {
    const nowMs = this.#clock.nowMs();
    for (const one of this.instances)
      if (one.state === 'creating' && !one.lack && nowMs >= one.madeMs + BOOT_MS) one.state = 'running';
    this.instances = this.instances.filter((one) => one.state !== 'deleting' || nowMs < one.endsMs);
    this.#fill();
  }

  /** Behind the group's back: a machine of it that somebody took. */
  lose(id: string): void {
    this.instances = this.instances.filter((one) => one.id !== id);
    this.target--;
  }

  #fill(): void {
    while (!this.isHeld && this.alive.length < this.target) {
      this.instances.push({
        id: `ext://${this.id}/${++this.#made}`,
        madeMs: this.#clock.nowMs(),
        state: 'creating',
        endsMs: Number.POSITIVE_INFINITY,
        lack: this.isSoldOut ? SOLD_OUT : null,
      });
    }
  }
}

/** Offerings by the group that makes them. */
export function offeringOf(capacityType: OfferingConfig['capacityType']): OfferingConfig {
  return {
    provider: '',
    instanceType: 'm5.large',
    region: 'local',
    zone: 'a',
    capacityType,
    usdPerHour: capacityType === 'spot' ? 0.03 : 0.1,
    allocatable: null,
    interruption: null,
  };
}
