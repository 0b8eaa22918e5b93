import type { MachineBody } from './machine-rules.ts';
import { allocationFailure, Refusal } from './replies.ts';
import { Resource } from './resources.ts';

export interface FleetOptions {
  readonly name: string;
  readonly size: string;
  readonly isSpot: boolean;
  readonly zone: string | null;
  readonly isFlexible: boolean;
}

/** A scale set: alone, or behind a node pool. */
export class Fleet {
  readonly options: FleetOptions;
  /** By AKS itself. */
  isAutoscaled = false;
  /** What a node pool does with machines that it needs no more. */
  scaleDownMode: 'Delete' | 'Deallocate' = 'Delete';
  /** More machines are begun than are wanted, and the last to come are deleted. */
  overprovisions = false;
  readonly members: Resource[] = [];
  capacity = 0;
  failure: { readonly code: string; readonly message: string; readonly atMs: number } | null = null;
  #revision = 1;
  #made = 0;

  constructor(options: FleetOptions) {
    this.options = options;
  }

  get etag(): string {
    return `"${this.#revision}"`;
  }

  /** Somebody else has written it. */
  touch(): void {
    this.#revision++;
  }

  standing(): readonly Resource[] {
    return this.members.filter((member) => !member.isDeleting);
  }

  resize(capacity: number, nowMs: number, hasRoom: boolean): void {
    if (!Number.isInteger(capacity) || capacity < 0 || capacity > 1_000)
      throw new Refusal(400, 'InvalidParameter', `capacity ${capacity}`);
    this.touch();
    this.capacity = capacity;
    this.failure = null;
    for (const extra of this.standing().slice(capacity)) extra.delete(nowMs);
    if (hasRoom) while (this.standing().length < capacity) this.members.push(this.#member(nowMs));
    else if (this.standing().length < capacity)
      this.failure = { ...allocationFailure(this.options.isSpot, this.options.zone !== null), atMs: nowMs };
  }

  remove(ids: readonly string[], nowMs: number): void {
    const chosen = ids.map((id) => {
      const member = this.members.find((one) => this.idOf(one) === id);
      if (member) return member;
      const message = `The provided instanceId ${id} is not an active Virtual Machine Scale Set VM instanceId.`;
      throw new Refusal(400, 'InvalidParameter', message);
    });
    this.touch();
    for (const member of chosen) {
      // A second time it takes another place with it: the caller must not.
      this.capacity = Math.max(0, this.capacity - 1);
      member.delete(nowMs);
    }
  }

  /** "3" of a uniform scale set; its own name where it is a machine like others. */
  idOf(member: Resource): string {
    return this.options.isFlexible ? member.name : String(Number.parseInt(member.name.slice(-6), 36));
  }

  forget(nowMs: number): void {
    const left = this.members.filter((member) => !member.isGone(nowMs));
    this.members.splice(0, this.members.length, ...left);
  }

  #member(nowMs: number): Resource {
    const { name, size, isSpot, zone } = this.options;
    const number = (this.#made++).toString(36).padStart(6, '0');
    const computerName = `${name}${number}`;
    const body: MachineBody = {
      location: 'westeurope',
      ...(zone !== null && { zones: [zone] }),
      properties: {
        hardwareProfile: { vmSize: size },
        priority: isSpot ? 'Spot' : 'Regular',
        osProfile: { computerName },
      },
    };
    return new Resource(this.options.isFlexible ? computerName : `${name}_${number}`, body, nowMs, null, name);
  }
}
