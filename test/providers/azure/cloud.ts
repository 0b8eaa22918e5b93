import type { OfferingConfig } from '@forescale/shared/config';
import type { ManualClock } from '@forescale/shared/time';
import { Fleet, type FleetOptions } from './fleet.ts';
import { checkedMachine, type MachineBody } from './machine-rules.ts';
import { allocationFailure, REFUSALS, Refusal, type Reply, refused } from './replies.ts';
import { Resource } from './resources.ts';

/** Azure writes names in capitals when it likes to: here in every answer. */
const SHOUTED = (group: string) => group.toUpperCase();

export interface CloudOptions {
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly cluster: string;
  readonly scaleSets: readonly FleetOptions[];
  readonly agentPools: readonly FleetOptions[];
}

/** What a subscription holds, and how it changes with the clock. */
export class AzureCloud {
  readonly options: CloudOptions;
  readonly scaleSets: readonly Fleet[];
  readonly agentPools: readonly Fleet[];
  readonly machines = new Map<string, Resource>();
  /** Without room: size, zone and kind. */
  readonly soldOut = new Set<string>();
  /** What the next machines fail with after they were ordered. */
  readonly failing: { readonly code: string; readonly message: string }[] = [];
  showAfterMs = 0;
  /** A node pool does one thing at a time, for so long. */
  busyMs = 0;
  /** What others do between somebody's read of a group and the write that follows; one at a time. */
  readonly meddling: (() => void)[] = [];
  readonly #clock: ManualClock;
  readonly #operations = new Map<string, Resource>();
  readonly #busyUntilMs = new Map<Fleet, number>();

  constructor(clock: ManualClock, options: CloudOptions) {
    this.#clock = clock;
    this.options = options;
    this.scaleSets = options.scaleSets.map((one) => new Fleet(one));
    this.agentPools = options.agentPools.map((one) => new Fleet(one));
  }

  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** What has been deleted for long enough is gone. */
  step(): void {
    for (const [name, machine] of this.machines) if (machine.isGone(this.nowMs)) this.machines.delete(name);
    for (const fleet of [...this.scaleSets, ...this.agentPools]) fleet.forget(this.nowMs);
  }

  /** Those that reads show by now. */
  isShown(machine: Resource): boolean {
    return this.nowMs - machine.createdMs >= this.showAfterMs;
  }

  put(name: string, body: unknown, headers: Readonly<Record<string, string | undefined>>): Reply {
    const condition = headers['if-none-match'];
    if (condition !== undefined && condition !== '*')
      throw new Refusal(400, 'InvalidHeaderValue', `If-None-Match: ${condition}`);
    const machine = checkedMachine(body);
    const known = this.machines.get(name);
    if (known && condition === '*')
      return refused(
        412,
        'PreconditionFailed',
        `The condition '*' in the If-None-Match header was not satisfied by ${name}.`,
      );
    if (known) throw new Refusal(409, 'PropertyChangeNotAllowed', `Changing ${name} is not what this end point does.`);
    const made = new Resource(name, machine, this.nowMs, this.#placement(machine), null);
    this.machines.set(name, made);
    const operation = `op-${this.#operations.size + 1}`;
    this.#operations.set(operation, made);
    const { subscriptionId } = this.options;
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Compute/locations/${machine.location}`;
    return {
      status: 201,
      headers: { 'azure-asyncoperation': `${path}/operations/${operation}`, 'retry-after': '2' },
      body: made.shown(this.idOf(made), this.nowMs),
    };
  }

  operation(id: string): Reply {
    const machine = this.#operations.get(id);
    if (!machine) return refused(404, 'NotFound', `There is no operation ${id}.`);
    const state = machine.provisioningState(this.nowMs);
    const startTime = new Date(machine.createdMs).toISOString();
    if (state === 'Creating')
      return { status: 200, body: { startTime, status: 'InProgress', name: id }, headers: { 'retry-after': '2' } };
    if (state === 'Failed')
      return { status: 200, body: { startTime, status: 'Failed', error: machine.failure, name: id } };
    return { status: 200, body: { startTime, status: 'Succeeded', name: id } };
  }

  delete(name: string): Reply {
    const machine = this.machine(name);
    if (!machine) return { status: 204 };
    this.scaleSets.find((fleet) => fleet.options.name === machine.scaleSet)?.remove([name], this.nowMs);
    machine.delete(this.nowMs);
    return { status: 202, headers: { 'retry-after': '2' } };
  }

  /** Whether reads show it or not. */
  machine(name: string): Resource | undefined {
    const ofFlexible = this.scaleSets.filter(({ options }) => options.isFlexible).flatMap(({ members }) => members);
    return this.machines.get(name) ?? ofFlexible.find((member) => member.name === name);
  }

  idOf(machine: Resource): string {
    const { subscriptionId, resourceGroup } = this.options;
    return `/subscriptions/${subscriptionId}/resourceGroups/${SHOUTED(resourceGroup)}/providers/Microsoft.Compute/virtualMachines/${machine.name}`;
  }

  listed(scaleSet: string | null): readonly unknown[] {
    const ofFlexible = this.scaleSets.filter(({ options }) => options.isFlexible).flatMap(({ members }) => members);
    return [...this.machines.values(), ...ofFlexible]
      .filter((machine) => this.isShown(machine) && (scaleSet === null || machine.scaleSet === scaleSet))
      .map((machine) => machine.shown(this.idOf(machine), this.nowMs));
  }

  resize(fleet: Fleet, capacity: number, condition: string | undefined): Reply | null {
    this.meddling.shift()?.();
    if (this.isBusy(fleet)) return REFUSALS.busy;
    if (condition !== undefined && condition !== fleet.etag)
      return refused(
        412,
        'PreconditionFailed',
        `The Etag supplied in If-Match header ${condition} does not match ${fleet.etag}.`,
      );
    const { size, zone, isSpot } = fleet.options;
    fleet.resize(capacity, this.nowMs, !this.soldOut.has(kindOf(size, zone, isSpot)));
    this.#busyUntilMs.set(fleet, this.nowMs + this.busyMs);
    return null;
  }

  isBusy(fleet: Fleet): boolean {
    return (this.#busyUntilMs.get(fleet) ?? 0) > this.nowMs;
  }

  sellOut({ instanceType, zone, region, capacityType }: OfferingConfig): void {
    const bare = zone.startsWith(`${region}-`) ? zone.slice(region.length + 1) : zone;
    const armZone = /^[123]$/.test(bare) ? bare : null;
    this.soldOut.add(kindOf(instanceType, armZone, capacityType === 'spot'));
  }

  #placement({ zones, properties }: MachineBody) {
    const zone = zones?.[0] ?? null;
    const isSpot = properties?.priority === 'Spot';
    const isSoldOut = this.soldOut.has(kindOf(properties?.hardwareProfile?.vmSize ?? '', zone, isSpot));
    return this.failing.shift() ?? (isSoldOut ? allocationFailure(isSpot, zone !== null) : null);
  }
}

function kindOf(size: string, zone: string | null, isSpot: boolean): string {
  return `${size} ${zone ?? 'regional'} ${isSpot ? 'spot' : 'regular'}`;
}
