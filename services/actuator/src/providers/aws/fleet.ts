import { createHash } from 'node:crypto';
import type { _InstanceType, CreateFleetCommandInput, CreateFleetCommandOutput } from '@aws-sdk/client-ec2';
import type { AwsConfig } from '@forescale/shared/config';
import { ERROR_MEANINGS, ProviderError } from '../errors.ts';
import type { CreateResult, Machine, MachineRequest } from '../port.ts';
import { awsError } from './errors.ts';
import { providerIdOf } from './instances.ts';
import type { LaunchTemplateRef } from './launch-templates.ts';
import { asTags, CLUSTER_TAG, NODE_TAG, POOL_TAG, REQUEST_TAG } from './tags.ts';

const TOKEN_CHARS_MAX = 64;
/** Of the try, such as `.12`. */
const TOKEN_SUFFIX_CHARS = 3;
const FAILURES_MAX = 20;

/** One try of a request: a subnet of the zone, and the token that stands for both. */
export interface FleetTry {
  readonly subnet: string;
  readonly clientToken: string;
}

/**
 * The zone's subnets in the order in which they are tried, which is each request's own and stays the same: EC2 takes one
 * subnet of a zone in a fleet ("duplicate instance pools"), so that a full one is known by its refusal, and each has a token
 * of its own. A request that is repeated goes the same way: EC2 gives each token the answer that it gave before.
 */
export function fleetTries(config: Pick<AwsConfig, 'regions'>, { offering, token }: MachineRequest): FleetTry[] {
  const { region, zone } = offering;
  const subnets = config.regions[region]?.subnets[zone];
  if (!subnets)
    throw new ProviderError('config', `offering in zone ${zone} of ${region}: allowed: one that regions.subnets names`);
  const digest = createHash('sha256').update(token).digest();
  const first = digest.readUInt32BE() % subnets.length;
  const short = token.length + TOKEN_SUFFIX_CHARS <= TOKEN_CHARS_MAX ? token : digest.toString('hex').slice(0, 40);
  const rotated = [...subnets.slice(first), ...subnets.slice(0, first)];
  return rotated.map((subnet, i) => ({ subnet, clientToken: i === 0 ? short : `${short}.${i}` }));
}

/** Whether it was only the subnet that had no address left: another one of the zone may. */
export function isSubnetFull({ machines, failures }: CreateResult): boolean {
  const isFull = ({ message }: ProviderError) => message.startsWith('InsufficientFreeAddressesInSubnet');
  return machines.length === 0 && failures.every(isFull);
}

/** One machine of an offering. */
export function fleetInput(
  { tags }: Pick<AwsConfig, 'tags'>,
  request: MachineRequest,
  template: LaunchTemplateRef,
  { subnet, clientToken }: FleetTry,
): CreateFleetCommandInput {
  const { zone, instanceType, capacityType } = request.offering;
  const Tags = asTags({
    ...tags,
    Name: request.nodeName,
    [CLUSTER_TAG]: request.clusterTag,
    [POOL_TAG]: request.pool,
    [REQUEST_TAG]: request.requestId,
    [NODE_TAG]: request.nodeName,
  });
  const isSpot = capacityType === 'spot';
  return {
    Type: 'instant',
    ClientToken: clientToken,
    TargetCapacitySpecification: {
      TotalTargetCapacity: 1,
      DefaultTargetCapacityType: isSpot ? 'spot' : 'on-demand',
    },
    ...(isSpot
      ? { SpotOptions: { AllocationStrategy: 'price-capacity-optimized' } }
      : { OnDemandOptions: { AllocationStrategy: 'lowest-price' } }),
    LaunchTemplateConfigs: [
      {
        LaunchTemplateSpecification: template,
        // The subnet says the zone already; said again, it stands in the errors.
        Overrides: [{ InstanceType: instanceType as _InstanceType, SubnetId: subnet, AvailabilityZone: zone }],
      },
    ],
    TagSpecifications: (['instance', 'volume', 'fleet'] as const).map((ResourceType) => ({ ResourceType, Tags })),
  };
}

/** What a fleet made, and why it did not make the rest. `naming`: whether the node is called as we say. */
export function fleetResult(
  { Instances = [], Errors = [] }: Pick<CreateFleetCommandOutput, 'Instances' | 'Errors'>,
  request: MachineRequest,
  naming: AwsConfig['nodeName'],
  nowMs: number,
): CreateResult {
  const { region, zone } = request.offering;
  const machines = Instances.flatMap(({ InstanceIds = [], LaunchTemplateAndOverrides }) =>
    InstanceIds.map((id): Machine => {
      const madeIn = LaunchTemplateAndOverrides?.Overrides?.AvailabilityZone ?? zone;
      return {
        id,
        providerId: providerIdOf(madeIn, id),
        requestId: request.requestId,
        // What EC2 calls it the answer does not say: its listing does.
        nodeName: naming === 'forescale' ? request.nodeName : '',
        pool: request.pool,
        state: 'starting',
        createdMs: nowMs,
        place: { provider: '', region },
        group: null,
      };
    }),
  );
  const failures = Errors.slice(0, FAILURES_MAX).map(lastingError);
  if (machines.length === 0 && failures.length === 0)
    throw new ProviderError('transient', 'the fleet made no machine and did not say why');
  return { machines, failures };
}

/**
 * One of the errors of a fleet that has answered. It made nothing, and the same token gets the same answer for ever: what
 * passes elsewhere stays here, so that another offering, and later another request, has to do.
 */
function lastingError(error: unknown): ProviderError {
  const failed = awsError(error);
  if (!ERROR_MEANINGS[failed.errorClass].retried) return failed;
  return new ProviderError('capacity', failed.message, { cause: failed });
}
