import type { ExternalGrpcConfig, OfferingConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { ProviderError } from '../errors.ts';
import type {
  CreateResult,
  Interruption,
  Machine,
  MachineGroups,
  MachineProvider,
  MachineRequest,
  Place,
} from '../port.ts';
import { CREATING, DELETING, ExternalApi, type Instance } from './api.ts';
import { connectGrpc } from './connect.ts';
import { instanceError } from './errors.ts';
import { GroupSize } from './group-size.ts';

/** Not asked for anything in so long, it does not know what another process has done meanwhile. */
const UNHEARD_MS = 3 * 60_000;
/** What a group shows may be so old before the server is told to look again. */
const REFRESH_MS = 2_000;
type Group = ExternalGrpcConfig['groups'][number];

/** Groups of a server of the published interface. */
export class ExternalGrpcProvider implements MachineProvider {
  readonly kind = 'externalgrpc';
  readonly groups: MachineGroups = {
    groupOf: (offering) => this.#groups.find((group) => makes(group, offering))?.id ?? null,
    trim: (group, _place, size, signal) => this.#trim(group, size, signal),
  };
  readonly #groups: readonly Group[];
  readonly #api: ExternalApi;
  readonly #clock: Clock;
  readonly #sizes = new Map<string, GroupSize>();
  #heardMs = Number.NEGATIVE_INFINITY;
  #refreshed: { readonly atMs: number; readonly done: Promise<void> } | null = null;
  /** When each instance was seen first: the interface does not tell when it was made. */
  readonly #seenMs = new Map<string, Map<string, number>>();

  constructor(groups: readonly Group[], api: ExternalApi, clock: Clock) {
    this.#groups = groups;
    this.#api = api;
    this.#clock = clock;
  }

  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const group = this.groups.groupOf(request.offering);
    const { instanceType, region, zone, capacityType } = request.offering;
    if (group === null)
      throw new ProviderError('config', `no group makes ${instanceType} ${capacityType} in ${region}/${zone}`);
    await this.#refresh(signal);
    const { maxSize } = await this.#bounds(group, signal);
    // Told by a server, this would be a failure like any other: it names no codes.
    const tooMany = Array.from(
      { length: Math.max(0, request.groupSize - maxSize) },
      () => new ProviderError('quota', `group ${group} may have ${maxSize} machines at most`),
    );
    const size = request.groupSize - tooMany.length;
    const isSent = await this.#size(group).raise(size, request.createdMs, signal);
    // What was sent a moment ago has not failed yet.
    if (isSent) return { machines: [], failures: tooMany };
    return {
      machines: [],
      failures: [...tooMany, ...(await this.#undelivered(group, size, request.createdMs, signal))],
    };
  }

  async find(): Promise<readonly Machine[]> {
    return [];
  }

  async list(_clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    this.#heard();
    await this.#refresh(signal);
    const members = this.#groups.map(async (group) =>
      (await this.#instances(group.id, signal)).filter((one) => !hasFailed(one)).map((one) => this.#member(group, one)),
    );
    return (await Promise.all(members)).flat();
  }

  async terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    await this.#refresh(signal);
    for (const { id } of this.#groupsByWhoShowed(machineId)) {
      const state = await this.#size(id).alone(async () => {
        const instance = (await this.#instances(id, signal)).find((one) => one.id === machineId);
        if (!instance) return 'gone';
        if (stateOf(instance) !== DELETING) await this.#delete(id, [machineId], signal);
        return 'terminating';
      });
      if (state === 'terminating') return state;
    }
    return 'gone';
  }

  /** The interface tells of none. */
  async interruptions(): Promise<readonly Interruption[]> {
    this.#heard();
    return [];
  }

  async prices(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<readonly (number | null)[]> {
    const nowMs = this.#clock.nowMs();
    return await Promise.all(offerings.map((offering) => this.#api.price(offering, nowMs, signal)));
  }

  /** First takes away what the server says could not be made, then what is only asked for. */
  async #trim(id: string, size: number, signal: AbortSignal): Promise<void> {
    await this.#size(id).lower(async (target) => {
      if (target <= size) return target;
      const instances = (await this.#instances(id, signal)).filter((one) => stateOf(one) !== DELETING);
      const failed = instances.filter(hasFailed).map((one) => one.id);
      const { minSize } = await this.#bounds(id, signal);
      const floor = Math.max(size, minSize, instances.length - failed.length);
      const surplus = failed.slice(0, Math.max(0, target - floor));
      if (surplus.length > 0) await this.#delete(id, surplus, signal);
      return floor;
    }, signal);
  }

  async #delete(group: string, instanceIds: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#api.deleteNodes(group, instanceIds, signal);
    this.#size(group).shrunk(instanceIds.length);
  }

  async #bounds(id: string, signal: AbortSignal) {
    const group = (await this.#api.groups(signal)).find((one) => one.id === id);
    if (group) return group;
    throw new ProviderError('config', `the server has no group ${JSON.stringify(id)}`);
  }

  /** Shared by calls that come together, and by those that follow at once. */
  #refresh(signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const sinceMs = this.#refreshed === null ? Number.POSITIVE_INFINITY : nowMs - this.#refreshed.atMs;
    if (this.#refreshed !== null && sinceMs >= 0 && sinceMs < REFRESH_MS) return this.#refreshed.done;
    const done = this.#api.refresh(signal);
    const refreshed = { atMs: nowMs, done };
    this.#refreshed = refreshed;
    done.catch(() => {
      if (this.#refreshed === refreshed) this.#refreshed = null;
    });
    return done;
  }

  /** A failure for each machine that the group does not have because it could not make it, since `createdMs`. */
  async #undelivered(group: string, size: number, createdMs: number, signal: AbortSignal): Promise<ProviderError[]> {
    const instances = await this.#instances(group, signal);
    const failed = instances.filter((one) => hasFailed(one) && this.#seen(group, one.id) >= createdMs);
    const alive = instances.filter((one) => !hasFailed(one) && stateOf(one) !== DELETING);
    return failed
      .slice(0, Math.max(0, size - alive.length))
      .flatMap(({ status }) => (status?.errorInfo ? [instanceError(status.errorInfo)] : []));
  }

  #seen(group: string, instanceId: string): number {
    return this.#seenMs.get(group)?.get(instanceId) ?? this.#clock.nowMs();
  }

  async #instances(group: string, signal: AbortSignal): Promise<readonly Instance[]> {
    const instances = await this.#api.instances(group, signal);
    const before = this.#seenMs.get(group);
    const nowMs = this.#clock.nowMs();
    const seen = new Map(instances.map(({ id }) => [id, before?.get(id) ?? nowMs]));
    this.#seenMs.set(group, seen);
    return instances;
  }

  #groupsByWhoShowed(machineId: string): readonly Group[] {
    const shows = (group: Group) => (this.#seenMs.get(group.id)?.has(machineId) ? 0 : 1);
    return this.#groups.toSorted((a, b) => shows(a) - shows(b));
  }

  #member({ id: group, region }: Group, instance: Instance): Machine {
    const { id } = instance;
    const state = stateOf(instance);
    return {
      id,
      providerId: id,
      requestId: '',
      nodeName: '',
      pool: '',
      state: state === DELETING ? 'terminating' : state === CREATING ? 'starting' : 'running',
      createdMs: this.#seen(group, id),
      place: { provider: '', region },
      group,
    };
  }

  #size(group: string): GroupSize {
    this.#heard();
    return this.#sizes.get(group) ?? this.#begin(group);
  }

  /** Nobody knows what other processes have done since this one was asked for anything. */
  #heard(): void {
    const nowMs = this.#clock.nowMs();
    const isLong = nowMs - this.#heardMs > UNHEARD_MS;
    this.#heardMs = nowMs;
    if (isLong) for (const { id } of this.#groups) this.#begin(id);
  }

  #begin(id: string): GroupSize {
    const read = async (signal: AbortSignal) => {
      await this.#refresh(signal);
      return await this.#api.targetSize(id, signal);
    };
    const change = async (delta: number, signal: AbortSignal) => {
      try {
        await this.#api.changeSize(id, delta, signal);
      } catch (error) {
        // What is read next has to show whether it was carried out.
        this.#refreshed = null;
        throw error;
      }
    };
    const size = new GroupSize({ read, change }, this.#clock);
    this.#sizes.set(id, size);
    return size;
  }
}

function makes(group: Group, { instanceType, region, zone, capacityType }: OfferingConfig): boolean {
  return (
    group.instanceType === instanceType &&
    group.region === region &&
    group.zone === zone &&
    group.capacityType === capacityType
  );
}

function stateOf({ status }: Instance): number {
  return status?.instanceState ?? 0;
}

/** It stands in for a machine that was asked for and could not be made. */
function hasFailed(instance: Instance): boolean {
  return stateOf(instance) === CREATING && (instance.status?.errorInfo?.errorCode ?? '') !== '';
}

export async function openExternalGrpc(config: ExternalGrpcConfig, clock: Clock): Promise<ExternalGrpcProvider> {
  const { call } = await connectGrpc(config);
  return new ExternalGrpcProvider(config.groups, new ExternalApi(call), clock);
}
