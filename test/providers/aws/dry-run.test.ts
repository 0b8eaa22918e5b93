import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dryRun } from '../../../services/actuator/src/providers/aws/dry-run.ts';
import { whyNoModels } from './service-model.ts';
import { type AwsTarget, openGroups, openMachines } from './target.ts';

const WOULD_CHANGE = 'not asked: it cannot be tried without a change';

describe.skipIf(whyNoModels())('aws, a dry run', () => {
  let targets: AwsTarget[] = [];
  beforeEach(() => {
    targets = [];
  });
  afterEach(() => Promise.all(targets.map((target) => target.close())));

  async function opened(open: typeof openMachines, change?: object) {
    const target = await open(change);
    targets.push(target);
    return target;
  }
  const outcomes = async ({ config }: AwsTarget) =>
    Object.fromEntries((await dryRun(config)).map(({ operation, outcome }) => [operation, outcome]));

  it('tries every right, and makes, ends and takes nothing', async () => {
    const target = await opened(openMachines);
    target.endpoint.queues.send(target.endpoint.queueUrl, '{}');
    expect(await outcomes(target)).toEqual({
      'ec2:CreateFleet us-east-1': 'ok',
      'ec2:CreateLaunchTemplate us-east-1': 'ok',
      'ec2:DeleteLaunchTemplate us-east-1': 'ok',
      'ec2:DescribeInstances us-east-1': 'ok',
      'ec2:DescribeLaunchTemplates us-east-1': 'ok',
      'ec2:DescribeSpotPriceHistory us-east-1': 'ok',
      'ec2:RunInstances us-east-1': 'ok',
      'ec2:TerminateInstances us-east-1': 'ok',
      'pricing:GetProducts': 'ok',
      'sqs:ChangeMessageVisibility us-east-1': WOULD_CHANGE,
      'sqs:DeleteMessage us-east-1': WOULD_CHANGE,
      'sqs:ReceiveMessage us-east-1': 'ok',
    });
    expect(target.endpoint.running()).toEqual([]);
    expect(target.endpoint.ec2.region('us-east-1').templates.all.size).toBe(0);
    const { Messages } = target.endpoint.queues.answer({
      ...{ operation: 'ReceiveMessage', region: '', refused: null },
      input: { QueueUrl: target.endpoint.queueUrl },
    }) as { Messages: unknown[] };
    expect(Messages).toHaveLength(1);
  });

  it('groups are looked at', async () => {
    const target = await opened(openGroups);
    expect(await outcomes(target)).toEqual({
      'autoscaling:DescribeAutoScalingGroups us-east-1': 'ok',
      'autoscaling:DescribeAutoScalingInstances us-east-1': 'ok',
      'autoscaling:DescribeScalingActivities us-east-1': 'ok',
      'autoscaling:SetDesiredCapacity us-east-1': WOULD_CHANGE,
      'autoscaling:TerminateInstanceInAutoScalingGroup us-east-1': WOULD_CHANGE,
      'ec2:DescribeInstances us-east-1': 'ok',
      'ec2:DescribeSpotPriceHistory us-east-1': 'ok',
      'pricing:GetProducts': 'ok',
      'sqs:ChangeMessageVisibility us-east-1': WOULD_CHANGE,
      'sqs:DeleteMessage us-east-1': WOULD_CHANGE,
      'sqs:ReceiveMessage us-east-1': 'ok',
    });
  });

  it('says what is refused, and what is not known', async () => {
    const target = await opened(openMachines);
    target.endpoint.fail('create', 'auth', 1);
    target.endpoint.fail('terminate', 'unavailable', 1);
    expect(await outcomes(target)).toMatchObject({
      'ec2:CreateFleet us-east-1': expect.stringMatching(/^refused: UnauthorizedOperation/),
      'ec2:TerminateInstances us-east-1': expect.stringMatching(/^fails: Unavailable/),
      'ec2:DescribeInstances us-east-1': 'ok',
    });
  });
});
