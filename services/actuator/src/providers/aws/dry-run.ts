import type { EC2 } from '@aws-sdk/client-ec2';
import type { AwsConfig } from '@forescale/shared/config';
import { type DryRunStep, dryRunOf } from '../dry-run.ts';
import { AwsClients } from './clients.ts';
import { awsError } from './errors.ts';

const CALL_MS_MAX = 15_000;
/** Sold in every region; nothing is bought. */
const TYPE = 't3.micro';
const NOBODY = 'i-00000000000000000';
const NO_TEMPLATE = 'forescale-dry-run';
const WOULD_CHANGE = 'not asked: it cannot be tried without a change';

/** A dry run that got as far as to look for what it has made up. */
const MADE_UP = /^Invalid(LaunchTemplate(Name|Id)|InstanceID)\.NotFound/;

type Step = Parameters<typeof dryRunOf>[0][number];

/**
 * Tries what the configuration will call, in every region, and changes nothing: `DryRun` where EC2 has it, else a read.
 */
export async function dryRun(config: AwsConfig): Promise<readonly DryRunStep[]> {
  const clients = new AwsClients(config);
  const regions = [...new Set([...Object.keys(config.regions), ...config.groups.map(({ region }) => region)])];
  const steps: Step[] = [];
  for (const region of regions) {
    const ec2 = await clients.ec2(region);
    const made = config.groups.length > 0 ? await ofGroups(clients, config, region) : ofMachines(ec2, config, region);
    steps.push(...ofReads(ec2, region), ...made, ...(await ofQueue(clients, config, region)));
  }
  return await dryRunOf([...steps, await ofPrices(clients)]);
}

const options = () => ({ abortSignal: AbortSignal.timeout(CALL_MS_MAX) });

function attempt(operation: string, call: () => Promise<unknown>): Step {
  return [
    operation,
    async () => {
      try {
        await call();
        return 'ok';
      } catch (error) {
        if ((error as Error).name === 'DryRunOperation') return 'ok';
        const { errorClass, message } = awsError(error);
        if (MADE_UP.test(message)) return `not known: ${message}`;
        return `${errorClass === 'auth' ? 'refused' : 'fails'}: ${message}`;
      }
    },
  ];
}

const unasked = (operation: string): Step => [operation, async () => WOULD_CHANGE];

function ofReads(ec2: EC2, region: string): Step[] {
  const DryRun = true;
  return [
    attempt(`ec2:DescribeInstances ${region}`, () => ec2.describeInstances({ DryRun }, options())),
    attempt(`ec2:DescribeSpotPriceHistory ${region}`, () => ec2.describeSpotPriceHistory({ DryRun }, options())),
  ];
}

function ofMachines(ec2: EC2, { regions, machine }: AwsConfig, region: string): Step[] {
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
    attempt(`ec2:CreateFleet ${region}`, () => ec2.createFleet(fleet, options())),
    attempt(`ec2:TerminateInstances ${region}`, () =>
      ec2.terminateInstances({ DryRun, InstanceIds: [NOBODY] }, options()),
    ),
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
      attempt(`ec2:RunInstances ${region}`, () => ec2.runInstances(run, options())),
      attempt(`ec2:CreateLaunchTemplate ${region}`, () =>
        ec2.createLaunchTemplate({ ...make, TagSpecifications }, options()),
      ),
      attempt(`ec2:DescribeLaunchTemplates ${region}`, () => ec2.describeLaunchTemplates({ DryRun }, options())),
      attempt(`ec2:DeleteLaunchTemplate ${region}`, () =>
        ec2.deleteLaunchTemplate({ DryRun, LaunchTemplateName: NO_TEMPLATE }, options()),
      ),
    );
  }
  return tried;
}

async function ofGroups(clients: AwsClients, { groups }: AwsConfig, region: string): Promise<Step[]> {
  const scaling = await clients.autoScaling(region);
  const names = groups.filter((group) => group.region === region).map(({ name }) => name);
  const name = names[0] ?? '';
  return [
    attempt(`autoscaling:DescribeAutoScalingGroups ${region}`, () =>
      scaling.describeAutoScalingGroups({ AutoScalingGroupNames: names.slice(0, 50) }, options()),
    ),
    attempt(`autoscaling:DescribeAutoScalingInstances ${region}`, () =>
      scaling.describeAutoScalingInstances({ InstanceIds: [NOBODY] }, options()),
    ),
    attempt(`autoscaling:DescribeScalingActivities ${region}`, () =>
      scaling.describeScalingActivities({ AutoScalingGroupName: name, MaxRecords: 1 }, options()),
    ),
    unasked(`autoscaling:SetDesiredCapacity ${region}`),
    unasked(`autoscaling:TerminateInstanceInAutoScalingGroup ${region}`),
  ];
}

/** A message that is looked at stays where it is. */
async function ofQueue(clients: AwsClients, { interruptionQueues }: AwsConfig, region: string): Promise<Step[]> {
  const QueueUrl = interruptionQueues[region];
  if (QueueUrl === undefined) return [];
  const sqs = await clients.sqs(region);
  const look = { QueueUrl, MaxNumberOfMessages: 1, VisibilityTimeout: 0 };
  return [
    attempt(`sqs:ReceiveMessage ${region}`, () => sqs.receiveMessage(look, options())),
    unasked(`sqs:ChangeMessageVisibility ${region}`),
    unasked(`sqs:DeleteMessage ${region}`),
  ];
}

async function ofPrices(clients: AwsClients): Promise<Step> {
  const pricing = await clients.pricing('us-east-1');
  const input = { ServiceCode: 'AmazonEC2', FormatVersion: 'aws_v1', MaxResults: 1 };
  return attempt('pricing:GetProducts', () => pricing.getProducts(input, options()));
}
