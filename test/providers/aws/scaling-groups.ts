import type { ManualClock } from '@forescale/shared/time';
import { ApiError, type Call, pageOf, REFUSALS } from './api.ts';
import { type Instance, type Instances, isAlive, type Lifecycle } from './instances.ts';

export const AUTO_SCALING_OPERATIONS = [
  'DescribeAutoScalingGroups',
  'DescribeAutoScalingInstances',
  'DescribeScalingActivities',
  'SetDesiredCapacity',
  'TerminateInstanceInAutoScalingGroup',
] as const;

/** A group tries again to launch what it lacks, and has said so each time, this often. */
const RETRY_MS = 60_000;

interface GroupSpec {
  readonly region: string;
  readonly name: string;
  readonly zones: readonly string[];
  readonly types: readonly string[];
  readonly lifecycle: Lifecycle;
  readonly minSize: number;
  readonly maxSize: number;
}

interface Group extends GroupSpec {
  desired: number;
  members: Instance[];
  activities: Readonly<Record<string, unknown>>[];
  triedMs: number;
  refused: 'capacity' | 'quota' | null;
}

/** Auto scaling in all regions: groups launch and replace machines by themselves, as the clock moves. */
export class ScalingGroups {
  pageSize = 100;
  readonly #instances: Instances;
  readonly #clock: ManualClock;
  readonly #groups: Group[] = [];

  constructor(instances: Instances, clock: ManualClock) {
    this.#instances = instances;
    this.#clock = clock;
  }

  add(spec: GroupSpec): void {
    const state = {
      desired: spec.minSize,
      members: [],
      activities: [],
      triedMs: Number.NEGATIVE_INFINITY,
      refused: null,
    };
    this.#groups.push({ ...spec, ...state });
  }

  desired(name: string): number | undefined {
    return this.#groups.find((group) => group.name === name)?.desired;
  }

  answer(call: Call): unknown {
    switch (call.operation as (typeof AUTO_SCALING_OPERATIONS)[number]) {
      case 'DescribeAutoScalingGroups':
        return this.#describeGroups(call);
      case 'DescribeAutoScalingInstances':
        return this.#describeInstances(call);
      case 'DescribeScalingActivities':
        return this.#describeActivities(call);
      case 'SetDesiredCapacity':
        return this.#setDesired(call);
      case 'TerminateInstanceInAutoScalingGroup':
        return this.#terminate(call);
    }
  }

  /** Every group launches what it lacks and ends what it has too many. */
  step(): void {
    for (const group of this.#groups) {
      group.members = group.members.filter((one) => one.state !== 'terminated');
      const alive = group.members.filter(isAlive);
      for (const one of alive.slice(group.desired))
        this.#instances.end(one, 'Client.UserInitiatedShutdown', 'a user request shrank the group');
      const isDue = this.#clock.nowMs() - group.triedMs >= RETRY_MS;
      for (let i = alive.length; i < group.desired && isDue; i++) this.#launch(group, i);
    }
  }

  #launch(group: Group, ordinal: number): void {
    const { region, name, zones, types, lifecycle } = group;
    const tags = new Map([['aws:autoscaling:groupName', name]]);
    const wanted = types.flatMap((type) =>
      zones.map((zone) => ({ region, zone, type, subnet: `subnet-${zone}`, lifecycle, tags, userData: '' })),
    );
    const rotated = [...wanted.slice(ordinal % wanted.length), ...wanted.slice(0, ordinal % wanted.length)];
    const refusal = group.refused ?? 'capacity';
    const one = group.refused === null ? rotated.find((spec) => !this.#instances.isSoldOut(spec)) : undefined;
    if (one) {
      const instance = this.#instances.launch(one);
      group.members.push(instance);
      this.#act(group, 'Successful', `Launching a new EC2 instance: ${instance.id}`, '');
      return;
    }
    group.triedMs = this.#clock.nowMs();
    const what = lifecycle === 'spot' ? 'Spot' : 'On-Demand';
    const { code, message } = REFUSALS[refusal];
    const text = `Could not launch ${what} Instances. ${code} - ${message} Launching EC2 instance failed.`;
    this.#act(group, 'Failed', 'Launching a new EC2 instance', text);
  }

  #act(group: Group, StatusCode: string, Description: string, StatusMessage: string) {
    const nowMs = this.#clock.nowMs();
    const StartTime = new Date(nowMs - (nowMs % 1_000));
    const activity = {
      ActivityId: `activity-${group.name}-${group.activities.length + 1}`,
      AutoScalingGroupName: group.name,
      Cause: 'a difference between desired and actual capacity',
      StartTime,
      StatusCode,
      Description,
      Progress: 100,
      ...(StatusMessage !== '' && { StatusMessage, EndTime: StartTime }),
    };
    group.activities.unshift(activity);
    return activity;
  }

  #describeGroups({ region, input }: Call) {
    const { AutoScalingGroupNames, NextToken, MaxRecords } = input as Input;
    const found = this.#groups.filter(
      (group) => group.region === region && (AutoScalingGroupNames?.includes(group.name) ?? true),
    );
    const { items, next } = pageOf(found, Math.min(this.pageSize, MaxRecords ?? 50), NextToken);
    return { AutoScalingGroups: items.map((group) => this.#described(group)), NextToken: next };
  }

  #described(group: Group) {
    return {
      AutoScalingGroupName: group.name,
      MinSize: group.minSize,
      MaxSize: group.maxSize,
      DesiredCapacity: group.desired,
      DefaultCooldown: 300,
      AvailabilityZones: group.zones,
      HealthCheckType: 'EC2',
      CreatedTime: new Date(0),
      Instances: this.#members(group).map((one) => memberOf(one)),
    };
  }

  /** A group shows its members as late as EC2 does. */
  #members(group: Group): Instance[] {
    return group.members.filter((one) => one.shownFromMs <= this.#clock.nowMs());
  }

  #describeInstances({ region, input }: Call) {
    const { InstanceIds = [], NextToken } = input as Input;
    if (InstanceIds.length > 50) throw new ApiError('ValidationError', 'at most 50 instance ids');
    const found = this.#groups
      .filter((group) => group.region === region)
      .flatMap((group) => this.#members(group).map((one) => ({ ...memberOf(one), AutoScalingGroupName: group.name })))
      .filter((one) => InstanceIds.length === 0 || InstanceIds.includes(one.InstanceId));
    const { items, next } = pageOf(found, Math.min(this.pageSize, 50), NextToken);
    return { AutoScalingInstances: items, NextToken: next };
  }

  #describeActivities({ region, input }: Call) {
    const { AutoScalingGroupName: name, NextToken, MaxRecords } = input as Input;
    const { activities } = this.#named(region, name);
    const { items, next } = pageOf(activities, Math.min(this.pageSize, MaxRecords ?? 100), NextToken);
    return { Activities: items, NextToken: next };
  }

  #setDesired({ region, input, refused }: Call) {
    const { AutoScalingGroupName: name, DesiredCapacity: size = 0, HonorCooldown = true } = input as Input;
    const group = this.#named(region, name);
    if (HonorCooldown) throw new ApiError('ScalingActivityInProgress', 'You cannot set capacity during a cooldown');
    const side =
      size > group.maxSize ? ['above max', group.maxSize] : size < group.minSize ? ['below min', group.minSize] : null;
    if (side)
      throw new ApiError(
        'ValidationError',
        `New SetDesiredCapacity value ${size} is ${side[0]} value ${side[1]} for the AutoScalingGroup.`,
      );
    group.desired = size;
    group.refused = refused;
    group.triedMs = Number.NEGATIVE_INFINITY;
    return undefined;
  }

  #terminate({ region, input }: Call) {
    const { InstanceId: id = '', ShouldDecrementDesiredCapacity: decrements } = input as Input;
    const group = this.#groups.find((one) => one.region === region && one.members.some((member) => member.id === id));
    const instance = group?.members.find((member) => member.id === id);
    if (!group || !instance || instance.shownFromMs > this.#clock.nowMs())
      throw new ApiError('ValidationError', `Instance Id not found - No managed instance found for instance ID: ${id}`);
    if (decrements && group.desired - 1 < group.minSize)
      throw new ApiError(
        'ValidationError',
        `Currently, desiredSize equals minSize (${group.minSize}). Terminating instance without replacement will violate group's min size constraint.`,
      );
    if (decrements) group.desired--;
    this.#instances.end(instance, 'Client.UserInitiatedShutdown', 'taken out of service by a user request');
    return { Activity: this.#act(group, 'InProgress', `Terminating EC2 instance: ${id}`, '') };
  }

  #named(region: string, name: string | undefined): Group {
    const group = this.#groups.find((one) => one.region === region && one.name === name);
    if (group) return group;
    throw new ApiError('ValidationError', `AutoScalingGroup name not found - no such group: ${name}`);
  }
}

interface Input {
  readonly AutoScalingGroupNames?: readonly string[];
  readonly AutoScalingGroupName?: string;
  readonly InstanceIds?: readonly string[];
  readonly InstanceId?: string;
  readonly DesiredCapacity?: number;
  readonly HonorCooldown?: boolean;
  readonly ShouldDecrementDesiredCapacity?: boolean;
  readonly NextToken?: string;
  readonly MaxRecords?: number;
}

function memberOf(one: Instance) {
  return {
    InstanceId: one.id,
    InstanceType: one.type,
    AvailabilityZone: one.zone,
    LifecycleState: {
      pending: 'Pending',
      running: 'InService',
      'shutting-down': 'Terminating',
      terminated: 'Terminated',
    }[one.state],
    HealthStatus: 'Healthy',
    ProtectedFromScaleIn: false,
  };
}
