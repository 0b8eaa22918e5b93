import type { ManualClock } from '@forescale/shared/time';

const SECOND_MS = 1_000;
/** From launch to `running`, from `shutting-down` to `terminated`, and until a terminated instance is shown no more. */
const BOOT_MS = 20 * SECOND_MS;
const TERMINATION_MS = 30 * SECOND_MS;
const RECORD_KEPT_MS = 3_600 * SECOND_MS;
/** From a warning to the end of a spot instance. */
export const WARNING_MS = 120 * SECOND_MS;

export type Lifecycle = 'spot' | 'on-demand';
export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated';

export interface Instance {
  readonly id: string;
  readonly region: string;
  readonly zone: string;
  readonly subnet: string;
  readonly type: string;
  readonly lifecycle: Lifecycle;
  readonly tags: ReadonlyMap<string, string>;
  readonly launchedMs: number;
  readonly shownFromMs: number;
  /** Base64, as the launch template has it. */
  readonly userData: string;
  state: InstanceState;
  stateSinceMs: number;
  reason: { readonly code: string; readonly message: string } | null;
  /** When AWS takes it back. */
  reclaimMs: number | null;
}

export type NewInstance = Pick<Instance, 'region' | 'zone' | 'subnet' | 'type' | 'lifecycle' | 'tags' | 'userData'>;

/** All instances of one account, in all regions, which boot and end as the clock moves. */
export class Instances {
  /** Told of every change of state, as EventBridge is. */
  onState: (instance: Instance) => void = () => {};
  showAfterMs = 0;
  readonly #clock: ManualClock;
  readonly #all = new Map<string, Instance>();
  readonly #soldOut = new Set<string>();
  #made = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  sellOut(region: string, zone: string, type: string, lifecycle: Lifecycle): void {
    this.#soldOut.add(`${region} ${zone} ${type} ${lifecycle}`);
  }

  isSoldOut({ region, zone, type, lifecycle }: NewInstance): boolean {
    return this.#soldOut.has(`${region} ${zone} ${type} ${lifecycle}`);
  }

  launch(wanted: NewInstance): Instance {
    const nowMs = this.#clock.nowMs();
    const instance: Instance = {
      ...wanted,
      id: `i-0${String(++this.#made).padStart(16, '0')}`,
      launchedMs: nowMs,
      shownFromMs: nowMs + this.showAfterMs,
      state: 'pending',
      stateSinceMs: nowMs,
      reason: null,
      reclaimMs: null,
    };
    this.#all.set(instance.id, instance);
    this.onState(instance);
    return instance;
  }

  get(id: string): Instance | undefined {
    return this.#all.get(id);
  }

  /** Those of a region that reads show by now, in the order of their ids. */
  shown(region: string): Instance[] {
    return [...this.#all.values()].filter((one) => one.region === region && one.shownFromMs <= this.#clock.nowMs());
  }

  running(): Instance[] {
    return [...this.#all.values()].filter(isAlive);
  }

  end(instance: Instance, code: string, message: string): void {
    if (!isAlive(instance)) return;
    instance.reason = { code, message };
    this.#enter(instance, 'shutting-down');
  }

  step(): void {
    const nowMs = this.#clock.nowMs();
    for (const instance of this.#all.values()) {
      const sinceMs = nowMs - instance.stateSinceMs;
      if (instance.reclaimMs !== null && instance.reclaimMs <= nowMs)
        this.end(
          instance,
          'Server.SpotInstanceTermination',
          'Server.SpotInstanceTermination: Spot instance termination',
        );
      if (instance.state === 'pending' && sinceMs >= BOOT_MS) this.#enter(instance, 'running');
      else if (instance.state === 'shutting-down' && sinceMs >= TERMINATION_MS) this.#enter(instance, 'terminated');
      else if (instance.state === 'terminated' && sinceMs >= RECORD_KEPT_MS) this.#all.delete(instance.id);
    }
  }

  #enter(instance: Instance, state: InstanceState): void {
    instance.state = state;
    instance.stateSinceMs = this.#clock.nowMs();
    this.onState(instance);
  }
}

export function isAlive({ state }: Instance): boolean {
  return state === 'pending' || state === 'running';
}

export function privateName({ id, region }: Instance): string {
  return `ip-10-0-${Number(id.slice(-6)) >> 8}-${Number(id.slice(-6)) & 255}.${region}.compute.internal`;
}
