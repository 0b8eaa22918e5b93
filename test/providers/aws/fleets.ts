import { isDeepStrictEqual } from 'node:util';
import { ApiError, type Call, REFUSALS } from './api.ts';
import type { Instance, Instances, Lifecycle } from './instances.ts';
import type { LaunchTemplates } from './launch-templates.ts';
import { type TagSpecification, tagsOf } from './tags.ts';

interface Override {
  readonly InstanceType?: string;
  readonly SubnetId?: string;
  readonly AvailabilityZone?: string;
}

interface FleetInput {
  readonly Type?: string;
  readonly ClientToken?: string;
  readonly LaunchTemplateConfigs: readonly {
    readonly LaunchTemplateSpecification?: {
      readonly LaunchTemplateName?: string;
      readonly LaunchTemplateId?: string;
      readonly Version?: string;
    };
    readonly Overrides?: readonly Override[];
  }[];
  readonly TargetCapacitySpecification: {
    readonly TotalTargetCapacity: number;
    readonly DefaultTargetCapacityType?: Lifecycle;
  };
  readonly TagSpecifications?: readonly TagSpecification[];
}

type FleetAnswer = Readonly<Record<'FleetId' | 'Instances' | 'Errors', unknown>>;

/** The fleets of type `instant` of one region, each answered once and for all by its `ClientToken`. */
export class Fleets {
  /** The zone of each subnet of the account. */
  readonly subnets: ReadonlyMap<string, string>;
  /** That have no address left. */
  readonly full = new Set<string>();
  /** Codes that the next fleets fail with. */
  readonly failing: string[] = [];
  readonly #instances: Instances;
  readonly #templates: LaunchTemplates;
  readonly #answered = new Map<string, { readonly input: unknown; readonly answer: FleetAnswer }>();
  #made = 0;

  constructor(instances: Instances, templates: LaunchTemplates, subnets: ReadonlyMap<string, string>) {
    this.#instances = instances;
    this.#templates = templates;
    this.subnets = subnets;
  }

  create(call: Call): FleetAnswer {
    const input = call.input as unknown as FleetInput;
    const { ClientToken: token } = input;
    if (token === undefined || token.length > 64) throw new ApiError('InvalidParameterValue', 'ClientToken: 1 to 64');
    const known = this.#answered.get(token);
    if (known && !isDeepStrictEqual(known.input, call.input))
      throw new ApiError('IdempotentParameterMismatch', 'Arguments on this idempotent request are inconsistent');
    if (known) return known.answer;
    if (input.Type !== 'instant') throw new ApiError('InvalidParameterValue', 'only type instant is spoken here');
    const answer = this.#launch(call, input);
    this.#answered.set(token, { input: call.input, answer });
    return answer;
  }

  #launch({ region, refused }: Call, input: FleetInput): FleetAnswer {
    const { TotalTargetCapacity: wanted, DefaultTargetCapacityType: lifecycle = 'on-demand' } =
      input.TargetCapacitySpecification;
    const tags = tagsOf(input.TagSpecifications, 'instance');
    const fleetId = `fleet-${String(++this.#made).padStart(8, '0')}`;
    tags.set('aws:ec2:fleet-id', fleetId);
    const launched: { readonly instance: Instance; readonly override: Override }[] = [];
    const errors: unknown[] = [];
    for (const { LaunchTemplateSpecification, Overrides = [] } of input.LaunchTemplateConfigs) {
      const template = this.#templates.known(LaunchTemplateSpecification ?? {});
      const withTags = template.data.MetadataOptions?.InstanceMetadataTags === 'enabled';
      const slashed = [...tags.keys()].find((key) => withTags && key.includes('/'));
      if (slashed !== undefined)
        throw new ApiError('InvalidParameterValue', `'${slashed}' is not a valid tag key for instance metadata`);
      const pools = Overrides.map(({ InstanceType, AvailabilityZone }) => `${InstanceType} ${AvailabilityZone}`);
      if (new Set(pools).size < pools.length)
        throw new ApiError('InvalidFleetConfig', 'The fleet configuration contains duplicate instance pools.');
      for (const override of Overrides) {
        const { InstanceType: type = '', SubnetId: subnet = '', AvailabilityZone: zone = '' } = override;
        const fleetError = (code: string, message: string) =>
          errors.push({
            LaunchTemplateAndOverrides: { LaunchTemplateSpecification, Overrides: override },
            Lifecycle: lifecycle,
            ErrorCode: code,
            ErrorMessage: message,
          });
        if (this.subnets.get(subnet) !== zone) {
          fleetError('InvalidSubnetID.NotFound', `The subnet ID '${subnet}' does not exist in ${zone}`);
          continue;
        }
        const one = { region, zone, subnet, type, lifecycle, tags, userData: template.data.UserData ?? '' };
        const [code] = this.failing.splice(0, 1);
        if (code !== undefined) fleetError(code, 'as EC2 says it');
        else if (this.full.has(subnet))
          fleetError('InsufficientFreeAddressesInSubnet', `There are not enough free addresses`);
        else if (refused !== null) fleetError(REFUSALS[refused].code, REFUSALS[refused].message);
        else if (this.#instances.isSoldOut(one)) fleetError(REFUSALS.capacity.code, REFUSALS.capacity.message);
        else while (launched.length < wanted) launched.push({ instance: this.#instances.launch(one), override });
      }
    }
    return {
      FleetId: fleetId,
      Instances: launched.map(({ instance, override }) => ({
        LaunchTemplateAndOverrides: { Overrides: override },
        Lifecycle: lifecycle,
        InstanceIds: [instance.id],
        InstanceType: instance.type,
      })),
      Errors: launched.length < wanted ? errors : [],
    };
  }
}
