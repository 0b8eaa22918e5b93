import type { AzureGroupConfig, OfferingConfig } from '@forescale/shared/config';
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
import { Batches } from './batches.ts';
import type { Group, GroupApi } from './group-api.ts';
import { armZones } from './names.ts';
import type { RetailPrices } from './prices.ts';

/** As often as a size is written by somebody else in between. */
const ATTEMPTS_MAX = 5;

/** Machines made by scale sets or agent pools, which were made by others and are only told how many they shall be. */
export class AzureGroups implements MachineProvider {
  readonly kind = 'azure';
  readonly groups: MachineGroups;
  readonly #api: GroupApi;
  readonly #configs: readonly AzureGroupConfig[];
  readonly #prices: RetailPrices;
  readonly #removals: Batches;

  constructor(api: GroupApi, configs: readonly AzureGroupConfig[], prices: RetailPrices) {
    this.#api = api;
    this.#configs = configs;
    this.#prices = prices;
    this.#removals = new Batches((group, ids, signal) => api.remove(group, ids, signal));
    this.groups = {
      groupOf: (offering) => this.#configs.find((one) => sells(one, offering))?.name ?? null,
      trim: (group, _place, size, signal) => this.#trim(group, size, signal),
    };
  }

  async create({ offering, groupSize, createdMs }: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const name = this.groups.groupOf(offering);
    if (name === null)
      throw new ProviderError(
        'config',
        `no group of the configuration makes ${offering.instanceType} in ${offering.zone}`,
      );
    const { group, wasResized } = await this.#resized(name, signal, async ({ size, failure }) => {
      if (size < groupSize) return groupSize;
      const isOld = failure !== null && failure.atMs !== null && failure.atMs < createdMs;
      // Told the same size once more it tries once more.
      return isOld && (await this.#standing(name, signal)) < groupSize ? size : null;
    });
    // What it said before it was told a size was of the one before.
    if (wasResized || !group.failure) return { machines: [], failures: [] };
    const { error } = group.failure;
    const missing = groupSize - (await this.#standing(name, signal));
    return { machines: [], failures: Array.from({ length: Math.max(0, missing) }, () => error) };
  }

  async find(): Promise<readonly Machine[]> {
    return [];
  }

  async list(_clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const listed = await Promise.allSettled(this.#configs.map(({ name }) => this.#api.members(name, signal)));
    return listed.flatMap((one) => {
      // A part would read as if the rest were gone.
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  }

  async terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const [group, id] = machineId.split('/');
    // Of a time when the pool had another provider: that it is not here does not say that it is gone.
    if (!group || !id) throw new ProviderError('config', `${machineId} is no member of a group: look for it in Azure`);
    const member = await this.#api.member(group, id, signal);
    if (member === null) return 'gone';
    // Removed once more it would take another one of the size with it.
    if (member.state !== 'terminating') await this.#removals.add(group, id, signal);
    return 'terminating';
  }

  /** A machine is told of its eviction itself, by its Scheduled Events, and nobody else is. */
  async interruptions(): Promise<readonly Interruption[]> {
    return [];
  }

  prices(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<readonly (number | null)[]> {
    return this.#prices.of(offerings, signal);
  }

  async #trim(name: string, size: number, signal: AbortSignal): Promise<void> {
    await this.#resized(name, signal, async (group) => {
      if (group.size <= size) return null;
      const least = Math.max(size, await this.#standing(name, signal));
      return least < group.size ? least : null;
    });
  }

  async #standing(name: string, signal: AbortSignal): Promise<number> {
    const members = await this.#api.members(name, signal);
    return members.filter(({ state }) => state !== 'terminating').length;
  }

  /** Told the size that `wanted` says of the group as it stands, unless that is null. */
  async #resized(
    name: string,
    signal: AbortSignal,
    wanted: (group: Group) => Promise<number | null>,
  ): Promise<{ readonly group: Group; readonly wasResized: boolean }> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const group = await this.#api.read(name, signal);
      const size = await wanted(group);
      if (size === null) return { group, wasResized: false };
      if ((await this.#api.resize(group, size, signal)) === 'done') return { group, wasResized: true };
    }
    throw new ProviderError('throttled', `${name} was resized by others ${ATTEMPTS_MAX} times in a row`);
  }
}

function sells(config: AzureGroupConfig, offering: OfferingConfig): boolean {
  const { instanceType, capacityType, zone } = config;
  return (
    instanceType.toLowerCase() === offering.instanceType.toLowerCase() &&
    capacityType === offering.capacityType &&
    (zone === null || armZones({ region: offering.region, zone }).join() === armZones(offering).join())
  );
}
