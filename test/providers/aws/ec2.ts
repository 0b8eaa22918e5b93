import type { ManualClock } from '@forescale/shared/time';
import { ApiError, type Call, pageOf } from './api.ts';
import { Fleets } from './fleets.ts';
import { type Instance, type Instances, privateName } from './instances.ts';
import { LaunchTemplates } from './launch-templates.ts';
import { type Filter, matches } from './tags.ts';

const STATE_CODES = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48 } as const;

export const EC2_OPERATIONS = [
  'CreateFleet',
  'CreateLaunchTemplate',
  'DeleteLaunchTemplate',
  'DescribeInstances',
  'DescribeLaunchTemplates',
  'DescribeSpotPriceHistory',
  'RunInstances',
  'TerminateInstances',
] as const;

/** EC2 in all regions. `subnets`: the zone of each. */
export class Ec2 {
  pageSize = 1_000;
  /** USD/h by `type zone`. */
  readonly spotPrices = new Map<string, number>();
  readonly #instances: Instances;
  readonly #clock: ManualClock;
  readonly #subnets: ReadonlyMap<string, string>;
  readonly #regions = new Map<string, { readonly templates: LaunchTemplates; readonly fleets: Fleets }>();

  constructor(instances: Instances, clock: ManualClock, subnets: ReadonlyMap<string, string>) {
    this.#instances = instances;
    this.#clock = clock;
    this.#subnets = subnets;
  }

  region(name: string) {
    const known = this.#regions.get(name);
    if (known) return known;
    const templates = new LaunchTemplates(this.#clock);
    const made = { templates, fleets: new Fleets(this.#instances, templates, this.#subnets) };
    this.#regions.set(name, made);
    return made;
  }

  answer(call: Call): unknown {
    if (call.input.DryRun === true)
      throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
    const { templates, fleets } = this.region(call.region);
    switch (call.operation as (typeof EC2_OPERATIONS)[number]) {
      case 'CreateFleet':
        return fleets.create(call);
      case 'CreateLaunchTemplate':
        return templates.create(call);
      case 'DeleteLaunchTemplate':
        return templates.delete(call);
      case 'DescribeLaunchTemplates':
        return templates.describe(call, this.pageSize);
      case 'DescribeInstances':
        return this.#describe(call);
      case 'TerminateInstances':
        return this.#terminate(call);
      case 'DescribeSpotPriceHistory':
        return this.#spotPriceHistory(call);
      case 'RunInstances':
        throw new ApiError('UnsupportedOperation', 'machines are made by fleets here');
    }
  }

  #describe({ region, input }: Call) {
    const { Filters, InstanceIds, MaxResults, NextToken } = input as {
      Filters?: readonly Filter[];
      InstanceIds?: readonly string[];
      MaxResults?: number;
      NextToken?: string;
    };
    if (InstanceIds && MaxResults !== undefined)
      throw new ApiError('InvalidParameterCombination', 'MaxResults and InstanceIds exclude each other');
    if (MaxResults !== undefined && (MaxResults < 5 || MaxResults > 1_000))
      throw new ApiError('InvalidParameterValue', `MaxResults ${MaxResults}: allowed: 5 to 1000`);
    const shown = this.#instances.shown(region);
    const unknown = InstanceIds?.find((id) => !shown.some((one) => one.id === id));
    if (unknown !== undefined) throw notFound(unknown);
    const found = shown.filter(
      (one) =>
        (InstanceIds?.includes(one.id) ?? true) &&
        matches(
          Filters,
          one.tags,
          new Map([
            ['instance-id', one.id],
            ['instance-state-name', one.state],
          ]),
        ),
    );
    const { items, next } = pageOf(found, Math.min(this.pageSize, MaxResults ?? 1_000), NextToken);
    return {
      Reservations: items.map((one) => ({ ReservationId: `r-${one.id}`, Instances: [described(one)] })),
      NextToken: next,
    };
  }

  #terminate({ region, input }: Call) {
    const ids = input.InstanceIds as readonly string[];
    const shown = this.#instances.shown(region);
    const instances = ids.map((id) => {
      if (!/^i-[0-9a-f]{8,17}$/.test(id)) throw new ApiError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
      const instance = shown.find((one) => one.id === id);
      if (!instance) throw notFound(id);
      return instance;
    });
    return {
      TerminatingInstances: instances.map((one) => {
        const before = one.state;
        this.#instances.end(
          one,
          'Client.UserInitiatedShutdown',
          'Client.UserInitiatedShutdown: User initiated shutdown',
        );
        return { InstanceId: one.id, PreviousState: state(before), CurrentState: state(one.state) };
      }),
    };
  }

  #spotPriceHistory({ input, region }: Call) {
    const {
      InstanceTypes = [],
      NextToken,
      MaxResults,
    } = input as {
      InstanceTypes?: readonly string[];
      NextToken?: string;
      MaxResults?: number;
    };
    const found = [...this.spotPrices].flatMap(([key, usd]) => {
      const [InstanceType = '', AvailabilityZone = ''] = key.split(' ');
      if (!InstanceTypes.includes(InstanceType) || !AvailabilityZone.startsWith(region)) return [];
      const Timestamp = new Date(this.#clock.nowMs());
      return [
        { InstanceType, AvailabilityZone, ProductDescription: 'Linux/UNIX', SpotPrice: usd.toFixed(6), Timestamp },
      ];
    });
    const { items, next } = pageOf(found, Math.min(this.pageSize, MaxResults ?? 1_000), NextToken);
    return { SpotPriceHistory: items, NextToken: next };
  }
}

function state(name: Instance['state']) {
  return { Code: STATE_CODES[name], Name: name };
}

function described(one: Instance) {
  return {
    InstanceId: one.id,
    InstanceType: one.type,
    LaunchTime: new Date(one.launchedMs),
    Placement: { AvailabilityZone: one.zone, Tenancy: 'default' },
    PrivateDnsName: one.state === 'terminated' ? '' : privateName(one),
    State: state(one.state),
    SubnetId: one.subnet,
    InstanceLifecycle: one.lifecycle === 'spot' ? 'spot' : undefined,
    StateReason: one.reason === null ? undefined : { Code: one.reason.code, Message: one.reason.message },
    Tags: [...one.tags].map(([Key, Value]) => ({ Key, Value })),
  };
}

function notFound(id: string): ApiError {
  return new ApiError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
}
