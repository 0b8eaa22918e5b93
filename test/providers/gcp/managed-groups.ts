import { type CloudInstance, type CloudOperation, type GcpCloud, PROJECT, statusOf } from './cloud.ts';
import type { InstanceBody } from './insertion.ts';
import { invalid, type Lack } from './refusals.ts';

const ROOT = 'https://www.googleapis.com/compute/v1/projects';
const FIRST_TRY_MS = 15_000;
const RETRY_MS = 60_000;
/** How long a group may not have what it was refused once. */
const LACKING_MS = 600_000;

interface Entry {
  readonly name: string;
  readonly zone: string;
  readonly sinceMs: number;
  instance: CloudInstance | null;
  tryMs: number;
  isGoing: boolean;
}

interface GroupError {
  readonly atMs: number;
  readonly lack: Lack;
  readonly name: string;
  readonly zone: string;
}

export interface GroupSpec {
  /** "us-central1-a", or "us-central1" for one of the region. */
  readonly location: string;
  readonly name: string;
  readonly machineType: string;
  readonly model: 'STANDARD' | 'SPOT';
  readonly zones: readonly string[];
}

/** A managed instance group: it makes what it lacks, tries again what it was refused, and tells what went wrong. */
export class ManagedGroup {
  readonly spec: GroupSpec;
  readonly errors: GroupError[] = [];
  targetSize = 0;
  /** Its own autoscaler, if it has one. */
  autoscaler: string | null = null;
  /** It has a size, and no names yet for what it lacks. */
  isSlow = false;
  #entries: Entry[] = [];
  #lacking: { readonly lack: Lack; readonly untilMs: number } | null = null;
  #count = 0;
  readonly #cloud: GcpCloud;

  constructor(cloud: GcpCloud, spec: GroupSpec) {
    this.#cloud = cloud;
    this.spec = spec;
  }

  get key(): string {
    return `${this.spec.location}/${this.spec.name}`;
  }

  lackFrom(nowMs: number, lack: Lack): void {
    this.#lacking = { lack, untilMs: nowMs + LACKING_MS };
  }

  /** Smaller, it chooses by itself who goes: here the oldest, whom nobody would choose. */
  resize(size: number, nowMs: number): CloudOperation {
    this.step(nowMs);
    const excess = this.#staying().length - size;
    for (const entry of this.#staying().slice(0, Math.max(0, excess))) this.#remove(entry, nowMs);
    this.targetSize = size;
    this.step(nowMs);
    return this.#operation('compute.instanceGroupManagers.resize', nowMs);
  }

  /** Of URLs such as "zones/us-central1-a/instances/web-x1y2". */
  deleteInstances(urls: readonly string[], skipsInvalid: boolean, nowMs: number): CloudOperation {
    this.step(nowMs);
    const entries = urls.map((url) => {
      const [, zone = '', name = ''] = /zones\/([a-z0-9-]+)\/instances\/([a-z0-9-]+)$/.exec(url) ?? [];
      if (!this.spec.zones.includes(zone)) throw invalid(`Invalid value for field 'resource.instances': '${url}'.`);
      return this.#staying().find((one) => one.zone === zone && one.name === name);
    });
    if (!skipsInvalid && entries.includes(undefined))
      throw invalid("Invalid value for field 'resource.instances': not a member of the group.");
    for (const entry of new Set(entries)) {
      if (!entry) continue;
      this.#remove(entry, nowMs);
      this.targetSize--;
    }
    return this.#operation('compute.instanceGroupManagers.deleteInstances', nowMs);
  }

  step(nowMs: number): void {
    for (const entry of this.#entries) {
      const isGone = entry.instance !== null && statusOf(entry.instance, nowMs) === null;
      // One that was not asked to go is made again, under its name.
      if (isGone && !entry.isGoing) [entry.instance, entry.tryMs] = [null, nowMs];
    }
    this.#entries = this.#entries.filter(
      ({ isGoing, instance }) => !isGoing || (instance !== null && statusOf(instance, nowMs) !== null),
    );
    while (!this.isSlow && this.#staying().length < this.targetSize) this.#entries.push(this.#newEntry(nowMs));
    for (const entry of this.#staying()) if (entry.instance === null && nowMs >= entry.tryMs) this.#make(entry, nowMs);
  }

  #newEntry(nowMs: number): Entry {
    const zone = this.spec.zones[this.#count % this.spec.zones.length] ?? '';
    const name = `${this.spec.name}-${(this.#count++).toString(36).padStart(4, '0')}`;
    return { name, zone, sinceMs: nowMs, instance: null, tryMs: nowMs + FIRST_TRY_MS, isGoing: false };
  }

  #make(entry: Entry, nowMs: number): void {
    const { machineType, model } = this.spec;
    const own = this.#lacking && nowMs < this.#lacking.untilMs ? this.#lacking.lack : null;
    const lack = own ?? this.#cloud.lackOf(machineType, entry.zone, model);
    if (lack) {
      this.errors.push({ atMs: nowMs, lack, name: entry.name, zone: entry.zone });
      entry.tryMs = nowMs + RETRY_MS;
      return;
    }
    entry.instance = this.#cloud.add(entry.zone, bodyOf(entry, machineType, model), nowMs, this.key);
  }

  #remove(entry: Entry, nowMs: number): void {
    entry.isGoing = true;
    if (entry.instance) this.#cloud.delete(entry.zone, entry.name, nowMs);
    else this.#entries = this.#entries.filter((one) => one !== entry);
  }

  #staying(): Entry[] {
    return this.#entries.filter(({ isGoing }) => !isGoing);
  }

  #operation(type: string, nowMs: number): CloudOperation {
    const scope = this.#scope();
    const targetLink = `${ROOT}/${PROJECT}/${scope}/instanceGroupManagers/${this.spec.name}`;
    return this.#cloud.record({
      scope,
      type,
      targetId: '7',
      targetLink,
      insertMs: nowMs,
      endMs: nowMs + 500,
      lack: null,
    });
  }

  #scope(): string {
    const { location } = this.spec;
    return `${/-[a-z]$/.test(location) ? 'zones' : 'regions'}/${location}`;
  }

  get url(): string {
    return `${ROOT}/${PROJECT}/${this.#scope()}/instanceGroupManagers/${this.spec.name}`;
  }

  view(): object {
    const { name } = this.spec;
    return {
      ...{ kind: 'compute#instanceGroupManager', id: '7', name, baseInstanceName: name, targetSize: this.targetSize },
      status: { isStable: this.errors.length === 0, ...(this.autoscaler !== null && { autoscaler: this.autoscaler }) },
    };
  }

  managed(nowMs: number, shownAfterMs: number): object[] {
    this.step(nowMs);
    return this.#entries
      .filter(({ sinceMs }) => nowMs >= sinceMs + shownAfterMs)
      .map(({ name, zone, instance, isGoing }) => {
        const status = instance && statusOf(instance, nowMs);
        const isMade = status === 'RUNNING' || status === 'STOPPING';
        return {
          instance: `${ROOT}/${PROJECT}/zones/${zone}/instances/${name}`,
          currentAction: isGoing ? 'DELETING' : isMade ? 'NONE' : 'CREATING',
          ...(instance && status !== null && { id: instance.id, instanceStatus: status }),
        };
      });
  }

  errorViews(): object[] {
    return this.errors.map(({ atMs, lack, name, zone }) => ({
      timestamp: new Date(atMs).toISOString(),
      error: { code: lack.code, message: lack.message },
      instanceActionDetails: {
        action: 'CREATING',
        instance: `${ROOT}/${PROJECT}/zones/${zone}/instances/${name}`,
      },
    }));
  }
}

function bodyOf({ name, zone }: Entry, machineType: string, model: 'STANDARD' | 'SPOT'): InstanceBody {
  const machine = { name, machineType: `zones/${zone}/machineTypes/${machineType}`, labels: { 'made-by': 'template' } };
  if (model === 'STANDARD') return machine;
  return { ...machine, scheduling: { provisioningModel: model, instanceTerminationAction: 'DELETE' } };
}
