import type { AutoScaling, AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { AwsConfig, OfferingConfig } from '@forescale/shared/config';
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
import { AwsClients, answered } from './clients.ts';
import { failuresSince } from './group-failures.ts';
import { asMember, isThere, memberStateOf } from './group-members.ts';
import { describeById } from './instances.ts';
import { AwsPrices } from './prices.ts';
import { InterruptionQueues } from './queues.ts';
import { GROUP_TAG } from './tags.ts';

const NAMES_A_CALL_MAX = 50;
const PAGES_MAX = 100;

/** A group as AWS shows it, read whole. */
interface ShownGroup {
  readonly name: string;
  readonly region: string;
  readonly desired: number;
  readonly minSize: number;
  readonly maxSize: number;
  readonly instances: NonNullable<AutoScalingGroup['Instances']>;
}

/** Auto scaling groups, also those that EKS has made for its managed node groups: told sizes, they make the machines. */
export class AwsGroups implements MachineProvider {
  readonly kind = 'aws';
  readonly groups: MachineGroups;
  readonly #config: AwsConfig;
  readonly #clock: Clock;
  readonly #clients: AwsClients;
  readonly #queues: InterruptionQueues;
  readonly #prices: AwsPrices;
  /** What is under way at each group or member: a size is read and set by one at a time. */
  readonly #changes = new Map<string, Promise<unknown>>();

  constructor(config: AwsConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#clients = new AwsClients(config);
    const names = new Set(config.groups.map(({ name }) => name));
    this.#queues = new InterruptionQueues(config, this.#clients, clock, (tags) => names.has(tags.get(GROUP_TAG) ?? ''));
    this.#prices = new AwsPrices(this.#clients, clock);
    this.groups = {
      groupOf: (offering) => groupIdOf(config, offering),
      trim: (group, place, size, signal) => this.#trim(group, place, size, signal),
    };
  }

  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const { offering, groupSize, createdMs } = request;
    const { region } = offering;
    const id = groupIdOf(this.#config, offering);
    if (id === null)
      throw new ProviderError(
        'config',
        `offering ${offering.instanceType} ${offering.capacityType} in ${offering.zone}: allowed: one that groups sell`,
      );
    return await this.#alone(id, async () => {
      const scaling = await this.#clients.autoScaling(region);
      const group = await this.#group(scaling, nameOf(id), region, signal);
      const size = Math.min(groupSize, group.maxSize);
      const tooMany = groupSize - size;
      const failures = Array.from({ length: tooMany }, () => tooLarge(group, groupSize));
      if (group.desired < size) await this.#setSize(scaling, group, size, signal);
      else {
        const missing = size - group.instances.filter(isThere).length;
        if (missing > 0) failures.push(...(await failuresSince(scaling, group.name, createdMs, missing, signal)));
      }
      return { machines: [], failures };
    });
  }

  async find(): Promise<readonly Machine[]> {
    return [];
  }

  async list(_clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const regions = Map.groupBy(this.#config.groups, ({ region }) => region);
    const listed = await Promise.all(
      [...regions].map(([region, groups]) =>
        this.#members(
          region,
          groups.map(({ name }) => name),
          signal,
        ),
      ),
    );
    return listed.flat();
  }

  async terminate(machineId: string, { region }: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const scaling = await this.#clients.autoScaling(region);
    // One after the other: said twice, it would lower the group's size by two.
    return await this.#alone(`${region} ${machineId}`, async () => {
      const { AutoScalingInstances: [member] = [] } = await answered(
        scaling.describeAutoScalingInstances({ InstanceIds: [machineId] }, { abortSignal: signal }),
      );
      if (!member) return await this.#outside(machineId, region, signal);
      const state = memberStateOf(member.LifecycleState);
      if (state === null) return 'gone';
      if (state === 'terminating') return 'terminating';
      const input = { InstanceId: machineId, ShouldDecrementDesiredCapacity: true };
      const ended = () => answered(scaling.terminateInstanceInAutoScalingGroup(input, { abortSignal: signal }));
      await this.#alone(`${region}/${member.AutoScalingGroupName}`, ended);
      return 'terminating';
    });
  }

  /** Of no group: it has left, or was never of one, as in a time when the pool's machines were made one by one. */
  async #outside(machineId: string, region: string, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const shown = await describeById(await this.#clients.ec2(region), [machineId], signal);
    const state = shown.get(machineId)?.state ?? 'gone';
    if (state === 'gone' || state === 'terminating') return state;
    throw new ProviderError('config', `${machineId} is of no auto scaling group, and is there: look for it in EC2`);
  }

  async interruptions(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    return await this.#queues.notices(clusterTag, signal);
  }

  prices: AwsPrices['of'] = (offerings, signal) => this.#prices.of(offerings, signal);

  async #trim(id: string, { region }: Place, size: number, signal: AbortSignal): Promise<void> {
    await this.#alone(id, async () => {
      const scaling = await this.#clients.autoScaling(region);
      const group = await this.#group(scaling, nameOf(id), region, signal);
      const least = Math.max(size, group.minSize, group.instances.filter(isThere).length);
      if (least < group.desired) await this.#setSize(scaling, group, least, signal);
    });
  }

  async #setSize(scaling: AutoScaling, { name }: ShownGroup, size: number, signal: AbortSignal): Promise<void> {
    const input = { AutoScalingGroupName: name, DesiredCapacity: size, HonorCooldown: false };
    await answered(scaling.setDesiredCapacity(input, { abortSignal: signal }));
  }

  async #members(region: string, names: readonly string[], signal: AbortSignal): Promise<Machine[]> {
    const scaling = await this.#clients.autoScaling(region);
    const groups: ShownGroup[] = [];
    for (let start = 0; start < names.length; start += NAMES_A_CALL_MAX)
      groups.push(...(await this.#shown(scaling, names.slice(start, start + NAMES_A_CALL_MAX), region, signal)));
    const ids = groups.flatMap(({ instances }) => instances.flatMap(({ InstanceId: one }) => one ?? []));
    const ec2 = await this.#clients.ec2(region);
    const shown = ids.length > 0 ? await describeById(ec2, ids, signal) : new Map();
    return groups.flatMap(({ name, instances }) =>
      instances.flatMap((one) => asMember(one, shown, { region, group: `${region}/${name}` }, this.#clock.nowMs())),
    );
  }

  async #group(scaling: AutoScaling, name: string, region: string, signal: AbortSignal): Promise<ShownGroup> {
    const [group] = await this.#shown(scaling, [name], region, signal);
    if (!group) throw new ProviderError('config', `group ${name}: not there`);
    return group;
  }

  /** All of these groups; one that is not there fails the others, since its members would be taken for gone. */
  async #shown(
    scaling: AutoScaling,
    names: readonly string[],
    region: string,
    signal: AbortSignal,
  ): Promise<ShownGroup[]> {
    const groups: ShownGroup[] = [];
    let NextToken: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const input = { AutoScalingGroupNames: [...names], ...(NextToken && { NextToken }) };
      const answer = await answered(scaling.describeAutoScalingGroups(input, { abortSignal: signal }));
      groups.push(...(answer.AutoScalingGroups ?? []).map((group) => asShown(group, region)));
      NextToken = answer.NextToken;
      if (!NextToken) break;
    }
    const absent = names.find((name) => !groups.some((group) => group.name === name));
    if (absent !== undefined)
      throw new ProviderError('config', `there is no auto scaling group ${absent} in ${region}`);
    return groups;
  }

  /** After what is under way there. */
  async #alone<T>(group: string, change: () => Promise<T>): Promise<T> {
    const before = this.#changes.get(group) ?? Promise.resolve();
    const mine = before.then(change, change);
    this.#changes.set(group, mine);
    try {
      return await mine;
    } finally {
      if (this.#changes.get(group) === mine) this.#changes.delete(group);
    }
  }
}

/** Groups of two regions may have one name. */
function groupIdOf({ groups }: Pick<AwsConfig, 'groups'>, offering: OfferingConfig): string | null {
  const { region, zone, instanceType, capacityType } = offering;
  const group = groups.find(
    (one) =>
      one.region === region &&
      one.capacityType === capacityType &&
      one.instanceTypes.includes(instanceType) &&
      (one.zones?.includes(zone) ?? true),
  );
  return group ? `${group.region}/${group.name}` : null;
}

function nameOf(groupId: string): string {
  return groupId.slice(groupId.indexOf('/') + 1);
}

function asShown(group: AutoScalingGroup, region: string): ShownGroup {
  const { AutoScalingGroupName: name, DesiredCapacity: desired, MinSize: minSize, MaxSize: maxSize } = group;
  if (name === undefined || desired === undefined || minSize === undefined || maxSize === undefined)
    throw new ProviderError('transient', `unreadable answer: group ${name}: without its sizes`);
  return { name, region, desired, minSize, maxSize, instances: group.Instances ?? [] };
}

function tooLarge({ name, maxSize }: ShownGroup, groupSize: number): ProviderError {
  return new ProviderError(
    'quota',
    `auto scaling group ${name}: MaxSize is ${maxSize}, and ${groupSize} are asked for`,
  );
}
