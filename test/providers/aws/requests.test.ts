import { ManualClock } from '@forescale/shared/time';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AwsEndpoint } from './endpoint.ts';
import { whyNoModels } from './service-model.ts';

const SIGNED = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260302/us-east-1/${service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;

/** A fleet as it should be, in the words of EC2's Query protocol. */
const FLEET: Readonly<Record<string, string>> = {
  Action: 'CreateFleet',
  Version: '2016-11-15',
  ClientToken: 'web-1',
  Type: 'instant',
  'LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName': 'mine',
  'LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version': '1',
  'LaunchTemplateConfigs.1.Overrides.1.InstanceType': 'm6i.large',
  'LaunchTemplateConfigs.1.Overrides.1.SubnetId': 'subnet-0aaaaaaaa',
  'LaunchTemplateConfigs.1.Overrides.1.AvailabilityZone': 'us-east-1a',
  'TargetCapacitySpecification.TotalTargetCapacity': '1',
  'TargetCapacitySpecification.DefaultTargetCapacityType': 'spot',
  'SpotOptions.AllocationStrategy': 'price-capacity-optimized',
  'TagSpecification.1.ResourceType': 'instance',
  'TagSpecification.1.Tag.1.Key': 'forescale:pool',
  'TagSpecification.1.Tag.1.Value': 'web',
};

const without = (name: string) => Object.fromEntries(Object.entries(FLEET).filter(([key]) => !key.startsWith(name)));
const renamed = (from: string, to: string) =>
  Object.fromEntries(Object.entries(FLEET).map(([key, value]) => [key.replace(from, to), value]));

const SCALING = { Version: '2011-01-01' };
const QUEUE = 'http://127.0.0.1/123456789012/forescale';

describe.skipIf(whyNoModels())(`the end point of AWS${whyNoModels() ? `: ${whyNoModels()}` : ''}`, () => {
  let endpoint: AwsEndpoint;
  beforeEach(async () => {
    const clock = new ManualClock(0);
    endpoint = await new AwsEndpoint(clock, new Map([['subnet-0aaaaaaaa', 'us-east-1a']])).listen();
  });
  afterEach(() => endpoint.close());

  async function form(service: string, fields: Readonly<Record<string, string>>) {
    const headers = { authorization: SIGNED(service) };
    const answer = await fetch(endpoint.url, { method: 'POST', headers, body: new URLSearchParams(fields) });
    return { status: answer.status, text: await answer.text() };
  }

  async function json(service: string, target: string, body: unknown) {
    const headers = { authorization: SIGNED(service), 'x-amz-target': target };
    const answer = await fetch(endpoint.url, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, text: await answer.text() };
  }

  it('makes what is asked for rightly', async () => {
    const make = { Version: '2016-11-15', Action: 'CreateLaunchTemplate', LaunchTemplateName: 'mine' };
    const made = await form('ec2', { ...make, 'LaunchTemplateData.ImageId': 'ami-0123456789abcdef0' });
    expect(made).toMatchObject({ status: 200 });
    const fleet = await form('ec2', FLEET);
    expect(fleet).toMatchObject({ status: 200 });
    expect(fleet.text).toContain('<instanceIds><item>i-00000000000000001</item></instanceIds>');
    expect((await form('ec2', FLEET)).text).toBe(fleet.text);
    expect(await form('ec2', { ...FLEET, 'TagSpecification.1.Tag.1.Value': 'api' })).toMatchObject({
      status: 400,
      text: expect.stringContaining('IdempotentParameterMismatch'),
    });
    const twice = {
      'LaunchTemplateConfigs.1.Overrides.2.InstanceType': 'm6i.large',
      'LaunchTemplateConfigs.1.Overrides.2.SubnetId': 'subnet-0aaaaaaab',
      'LaunchTemplateConfigs.1.Overrides.2.AvailabilityZone': 'us-east-1a',
    };
    expect((await form('ec2', { ...FLEET, ...twice, ClientToken: 'web-2' })).text).toContain('InvalidFleetConfig');
    expect(endpoint.running()).toHaveLength(1);
  });

  it.each<[what: string, fields: Record<string, string>, code: string, name: string]>([
    ['a misspelt field', renamed('SpotOptions', 'SpotOption'), 'UnknownParameter', 'SpotOption'],
    [
      'one deep down',
      renamed('.AvailabilityZone', '.Availabilityzone'),
      'UnknownParameter',
      'Overrides.1.Availabilityzone',
    ],
    ['a name of JSON', renamed('TagSpecification', 'TagSpecifications'), 'UnknownParameter', 'TagSpecifications'],
    ['a field that is missing', without('TargetCapacity'), 'MissingParameter', 'TargetCapacitySpecification'],
    ['one inside', without('TargetCapacitySpecification.Total'), 'MissingParameter', 'TotalTargetCapacity'],
    ['another value', { ...FLEET, 'SpotOptions.AllocationStrategy': 'cheapest' }, 'InvalidParameterValue', 'cheapest'],
    [
      'no number',
      { ...FLEET, 'TargetCapacitySpecification.TotalTargetCapacity': 'one' },
      'InvalidParameterValue',
      'Total',
    ],
    ['a gap in a list', renamed('Overrides.1.', 'Overrides.2.'), 'UnknownParameter', 'Overrides.1 is missing'],
    ['no token', without('ClientToken'), 'InvalidParameterValue', 'ClientToken'],
    ['another version', { ...FLEET, Version: '2015-01-01' }, 'NoSuchVersion', '2015-01-01'],
    ['no such action', { ...FLEET, Action: 'CreateFleets' }, 'InvalidAction', 'CreateFleets'],
  ])('refuses %s', async (_what, fields, code, name) => {
    const answer = await form('ec2', fields);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain(`<Code>${code}</Code>`);
    expect(answer.text).toContain(name);
    expect(endpoint.misuses).toHaveLength(1);
    expect(endpoint.running()).toEqual([]);
  });

  it.each<[what: string, fields: Record<string, string>]>([
    ['a misspelt field', { ...SCALING, Action: 'DescribeAutoScalingGroups', 'AutoScalingGroupName.member.1': 'web' }],
    ['a list as EC2 has it', { ...SCALING, Action: 'DescribeAutoScalingGroups', 'AutoScalingGroupNames.1': 'web' }],
    ['a field that is missing', { ...SCALING, Action: 'SetDesiredCapacity', AutoScalingGroupName: 'web' }],
    [
      'no boolean',
      {
        ...SCALING,
        Action: 'SetDesiredCapacity',
        AutoScalingGroupName: 'web',
        DesiredCapacity: '1',
        HonorCooldown: 'no',
      },
    ],
    [
      'an id that is too long',
      {
        ...SCALING,
        Action: 'TerminateInstanceInAutoScalingGroup',
        InstanceId: 'i-0123456789abcdef01',
        ShouldDecrementDesiredCapacity: 'true',
      },
    ],
  ])('auto scaling refuses %s', async (_what, fields) => {
    expect((await form('autoscaling', fields)).status).toBe(400);
    expect(endpoint.misuses).toHaveLength(1);
  });

  it.each<[what: string, service: string, target: string, body: unknown]>([
    ['a misspelt field', 'sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl: QUEUE, MaxNumberOfMessage: 10 }],
    ['a number as text', 'sqs', 'AmazonSQS.ReceiveMessage', { QueueUrl: QUEUE, VisibilityTimeout: '30' }],
    ['entries without receipts', 'sqs', 'AmazonSQS.DeleteMessageBatch', { QueueUrl: QUEUE, Entries: [{ Id: '1' }] }],
    ['no service', 'pricing', 'AWSPriceListService.GetProducts', { Filters: [] }],
    [
      'another filter',
      'pricing',
      'AWSPriceListService.GetProducts',
      { ServiceCode: 'AmazonEC2', Filters: [{ Type: 'TERM_MATCHES', Field: 'instanceType', Value: 'm6i.large' }] },
    ],
  ])('%s is refused in JSON, too', async (_what, service, target, body) => {
    expect((await json(service, target, body)).status).toBe(400);
    expect(endpoint.misuses).toHaveLength(1);
  });

  it('lets nobody in who has not signed', async () => {
    const answer = await fetch(endpoint.url, { method: 'POST', body: new URLSearchParams(FLEET) });
    expect(answer.status).toBe(403);
    expect(endpoint.operations.size).toBe(0);
  });
});
