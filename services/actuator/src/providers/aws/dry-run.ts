import type { EC2 } from '@aws-sdk/client-ec2';
import type { AwsConfig } from '@forescale/shared/config';
import { AwsClients } from './clients.ts';
import { awsError } from './errors.ts';

const CALL_MS_MAX = 15_000;
/** Sold in every region; nothing is bought. */
const TYPE = 't3.micro';
const NOBODY = 'i-00000000000000000';
const NO_TEMPLATE = 'forescale-dry-run';
const WOULD_CHANGE = 'not asked: it cannot be tried without a change';

/** What the credentials of this process may do with a provider's operation: `allowed`, `refused: …`, or why it is not known. */
interface Tried {
  readonly operation: string;
  readonly outcome: string;
}

/**
 * Tries what the configuration will call, in every region, and changes nothing: `DryRun` where EC2 has it, else a read. An
 * outcome of EC2 beside "would have succeeded" and "not authorized" says that it looked no further, since what a dry run
 * names is not there.
 */
export async function dryRun(config: AwsConfig): Promise<readonly Tried[]> {
  const clients = new AwsClients(config);
  const regions = [...new Set([...Object.keys(config.regions), ...config.groups.map(({ region }) => region)])];
  const tried = await Promise.all(
    regions.map(async (region) => [
      ...(await ofReads(await clients.ec2(region), region)),
      ...(config.groups.length > 0
        ? await ofGroups(clients, config, region)
        : await ofMachines(await clients.ec2(region), config, region)),
      ...(await ofQueue(clients, config, region)),
    ]),
  );
  return [...tried.flat(), await ofPrices(clients)];
}

const options = () => ({ abortSignal: AbortSignal.timeout(CALL_MS_MAX) });

async function attempt(operation: string, call: Promise<unknown>): Promise<Tried> {
  try {
    await call;
    return { operation, outcome: 'allowed' };
  } catch (error) {
    if ((error as Error).name === 'DryRunOperation') return { operation, outcome: 'allowed' };
    const { errorClass, message } = awsError(error);
    return { operation, outcome: `${errorClass === 'auth' ? 'refused' : 'not known'}: ${message}` };
  }
}

function ofReads(ec2: EC2, region: string): Promise<Tried[]> {
  const DryRun = true;
  return Promise.all([
    attempt(`ec2:DescribeInstances ${region}`, ec2.describeInstances({ DryRun }, options())),
    attempt(`ec2:DescribeSpotPriceHistory ${region}`, ec2.describeSpotPriceHistory({ DryRun }, options())),
  ]);
}

async function ofMachines(ec2: EC2, { regions, machine }: AwsConfig, region: string): Promise<Tried[]> {
  const where = regions[region];
  const [[zone, [SubnetId]] = ['', []]] = Object.entries(where?.subnets ?? {});
  const DryRun = true;
  const template =
    where?.launchTemplate != null
      ? { LaunchTemplateId: where.launchTemplate.id, Version: where.launchTemplate.version }
      : { LaunchTemplateName: NO_TEMPLATE, Version: '1' };
  const tagged = (ResourceType: 'instance' | 'launch-template') => [
    { ResourceType, Tags: [{ Key: 'forescale:cluster', Value: 'dry-run' }] },
  ];
  const fleet = {
    DryRun,
    Type: 'instant' as const,
    LaunchTemplateConfigs: [
      {
        LaunchTemplateSpecification: template,
        Overrides: [{ InstanceType: TYPE as 't3.micro', AvailabilityZone: zone, ...(SubnetId && { SubnetId }) }],
      },
    ],
    TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' as const },
    TagSpecifications: tagged('instance'),
  };
  const tried = [
    attempt(`ec2:CreateFleet ${region}`, ec2.createFleet(fleet, options())),
    attempt(`ec2:TerminateInstances ${region}`, ec2.terminateInstances({ DryRun, InstanceIds: [NOBODY] }, options())),
  ];
  if (where?.image != null) {
    const data = {
      ImageId: where.image,
      SecurityGroupIds: where.securityGroups,
      ...(machine.instanceProfile !== null && { IamInstanceProfile: { Name: machine.instanceProfile } }),
    };
    const run = {
      ...data,
      ...{ DryRun, InstanceType: TYPE as 't3.micro', MinCount: 1, MaxCount: 1, TagSpecifications: tagged('instance') },
      ...(SubnetId && { SubnetId }),
    };
    const make = { DryRun, LaunchTemplateName: NO_TEMPLATE, LaunchTemplateData: data };
    const TagSpecifications = tagged('launch-template');
    tried.push(
      attempt(`ec2:RunInstances ${region}`, ec2.runInstances(run, options())),
      attempt(
        `ec2:CreateLaunchTemplate ${region}`,
        ec2.createLaunchTemplate({ ...make, TagSpecifications }, options()),
      ),
      attempt(`ec2:DescribeLaunchTemplates ${region}`, ec2.describeLaunchTemplates({ DryRun }, options())),
      attempt(
        `ec2:DeleteLaunchTemplate ${region}`,
        ec2.deleteLaunchTemplate({ DryRun, LaunchTemplateName: NO_TEMPLATE }, options()),
      ),
    );
  }
  return await Promise.all(tried);
}

async function ofGroups(clients: AwsClients, { groups }: AwsConfig, region: string): Promise<Tried[]> {
  const scaling = await clients.autoScaling(region);
  const names = groups.filter((group) => group.region === region).map(({ name }) => name);
  const name = names[0] ?? '';
  return [
    ...(await Promise.all([
      attempt(
        `autoscaling:DescribeAutoScalingGroups ${region}`,
        scaling.describeAutoScalingGroups({ AutoScalingGroupNames: names.slice(0, 50) }, options()),
      ),
      attempt(
        `autoscaling:DescribeAutoScalingInstances ${region}`,
        scaling.describeAutoScalingInstances({ InstanceIds: [NOBODY] }, options()),
      ),
      attempt(
        `autoscaling:DescribeScalingActivities ${region}`,
        scaling.describeScalingActivities({ AutoScalingGroupName: name, MaxRecords: 1 }, options()),
      ),
    ])),
    { operation: `autoscaling:SetDesiredCapacity ${region}`, outcome: WOULD_CHANGE },
    { operation: `autoscaling:TerminateInstanceInAutoScalingGroup ${region}`, outcome: WOULD_CHANGE },
  ];
}

/** A message that is looked at stays where it is. */
async function ofQueue(clients: AwsClients, { interruptionQueues }: AwsConfig, region: string): Promise<Tried[]> {
  const QueueUrl = interruptionQueues[region];
  if (QueueUrl === undefined) return [];
  const look = { QueueUrl, MaxNumberOfMessages: 1, VisibilityTimeout: 0 };
  return [
    await attempt(`sqs:ReceiveMessage ${region}`, (await clients.sqs(region)).receiveMessage(look, options())),
    { operation: `sqs:ChangeMessageVisibility ${region}`, outcome: WOULD_CHANGE },
    { operation: `sqs:DeleteMessage ${region}`, outcome: WOULD_CHANGE },
  ];
}

async function ofPrices(clients: AwsClients): Promise<Tried> {
  const input = { ServiceCode: 'AmazonEC2', FormatVersion: 'aws_v1', MaxResults: 1 };
  const call = (await clients.pricing('us-east-1')).getProducts(input, options());
  return await attempt('pricing:GetProducts', call);
}
