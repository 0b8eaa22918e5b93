import { createHash } from 'node:crypto';
import type { _InstanceType, CreateFleetCommandInput, CreateFleetCommandOutput } from '@aws-sdk/client-ec2';
import type { AwsConfig } from '@forescale/shared/config';
import { ProviderError } from '../errors.ts';
import type { CreateResult, Machine, MachineRequest } from '../port.ts';
import { awsError } from './errors.ts';
import { providerIdOf } from './instances.ts';
import type { LaunchTemplateRef } from './launch-templates.ts';
import { asTags, CLUSTER_TAG, NODE_TAG, POOL_TAG, REQUEST_TAG } from './tags.ts';

const TOKEN_CHARS_MAX = 64;
const FAILURES_MAX = 20;

/** One machine of an offering, in whichever subnet of its zone has one. `config` names the zone's subnets. */
export function fleetInput(
  config: Pick<AwsConfig, 'regions' | 'tags'>,
  request: MachineRequest,
  template: LaunchTemplateRef,
): CreateFleetCommandInput {
  const { region, zone, instanceType, capacityType } = request.offering;
  const subnets = config.regions[region]?.subnets[zone];
  if (!subnets)
    throw new ProviderError('config', `offering in zone ${zone} of ${region}: allowed: one that regions.subnets names`);
  const Tags = asTags({
    ...config.tags,
    Name: request.nodeName,
    [CLUSTER_TAG]: request.clusterTag,
    [POOL_TAG]: request.pool,
    [REQUEST_TAG]: request.requestId,
    [NODE_TAG]: request.nodeName,
  });
  const isSpot = capacityType === 'spot';
  return {
    Type: 'instant',
    ClientToken: clientToken(request.token),
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
        // The subnet says the zone already; said again, it stands in every error of this override.
        Overrides: subnets.map((SubnetId) => ({
          InstanceType: instanceType as _InstanceType,
          SubnetId,
          AvailabilityZone: zone,
        })),
      },
    ],
    TagSpecifications: (['instance', 'volume', 'fleet'] as const).map((ResourceType) => ({ ResourceType, Tags })),
  };
}

/** Longer than EC2 takes it, a token is known by its digest. */
function clientToken(token: string): string {
  if (token.length <= TOKEN_CHARS_MAX) return token;
  return createHash('sha256').update(token).digest('hex');
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
  const failures = Errors.slice(0, FAILURES_MAX).map(awsError);
  if (machines.length === 0 && failures.length === 0)
    throw new ProviderError('transient', 'the fleet made no machine and did not say why');
  return { machines, failures };
}
