import { openProvider } from '@forescale/actuator/providers';
import { loadYaml } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER, driven, failureOf, guarded, namesOf, pass, requestOf, signal } from '../driver.ts';
import { whyNoModels } from './service-model.ts';
import { type AwsTarget, openMachines } from './target.ts';

const MINUTE_MS = 60_000;
const [NAME = '', OTHER = ''] = namesOf(2);
const TOKEN = 'hunter2';

describe.skipIf(whyNoModels())('aws, machine by machine', () => {
  let target: AwsTarget;
  beforeEach(async () => {
    target = await openMachines();
  });
  afterEach(() => target.close());

  const create = (name = NAME, offering = target.onDemand, change = {}) =>
    driven(target, target.provider.create(requestOf(target, name, offering, change), signal()));
  const called = (operation: string) => target.endpoint.calls.filter((call) => call.operation === operation);
  const templates = () => target.endpoint.ec2.region('us-east-1').templates;

  it('asks for a fleet of one, in one subnet of the zone, with tags on all that costs money', async () => {
    const { machines } = await create(NAME, target.spot ?? target.onDemand);
    const [{ input } = { input: {} }] = called('CreateFleet');
    const Tags = expect.arrayContaining([
      { Key: 'forescale:cluster', Value: CLUSTER },
      { Key: 'forescale:pool', Value: 'web' },
      { Key: 'forescale:request', Value: NAME },
      { Key: 'forescale:node', Value: NAME },
      { Key: 'Name', Value: NAME },
      { Key: 'team', Value: 'platform' },
    ]);
    expect(input).toEqual({
      Type: 'instant',
      ClientToken: NAME,
      TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'spot' },
      SpotOptions: { AllocationStrategy: 'price-capacity-optimized' },
      LaunchTemplateConfigs: [
        {
          LaunchTemplateSpecification: {
            LaunchTemplateName: expect.stringMatching(/^forescale-[0-9a-f]{40}$/),
            Version: '1',
          },
          Overrides: [
            {
              InstanceType: 'm6i.large',
              SubnetId: expect.stringMatching(/^subnet-0aaaaaaa[ab]$/),
              AvailabilityZone: 'us-east-1a',
            },
          ],
        },
      ],
      TagSpecifications: ['instance', 'volume', 'fleet'].map((ResourceType) => ({ ResourceType, Tags })),
    });
    const [machine] = machines;
    expect(machine?.providerId).toBe(`aws:///us-east-1a/${machine?.id}`);
    await create(OTHER);
    expect(called('CreateFleet')[1]?.input).toMatchObject({
      TargetCapacitySpecification: { DefaultTargetCapacityType: 'on-demand' },
      OnDemandOptions: { AllocationStrategy: 'lowest-price' },
    });
  });

  it('makes one launch template for many machines; a machine reads its name from its tag', async () => {
    await Promise.all(namesOf(20).map((name) => create(name)));
    expect(called('CreateLaunchTemplate')).toHaveLength(1);
    const [template] = templates().all.values();
    expect(template?.data).toEqual({
      ImageId: 'ami-0123456789abcdef0',
      SecurityGroupIds: ['sg-0123456789abcdef0'],
      UserData: expect.any(String),
      InstanceInitiatedShutdownBehavior: 'terminate',
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1, InstanceMetadataTags: 'enabled' },
      IamInstanceProfile: { Name: 'forescale-node' },
      KeyName: 'ops',
      BlockDeviceMappings: [
        {
          DeviceName: '/dev/xvda',
          Ebs: { VolumeSize: 40, VolumeType: 'gp3', Encrypted: true, DeleteOnTermination: true },
        },
      ],
    });
    const document = Buffer.from(template?.data.UserData ?? '', 'base64').toString();
    expect(document).toMatch(/^#cloud-config\n/);
    const files = (loadYaml(document) as { write_files: { path: string; content: string }[] }).write_files;
    const file = (end: string) => files.find(({ path }) => path.endsWith(end))?.content ?? '';
    expect(loadYaml(file('config.yaml'))).toMatchObject({ 'node-name': '__FORESCALE_NODE_NAME__' });
    expect(file('join.sh')).toContain('meta-data/tags/instance/forescale:node)');
    expect(file('join.sh')).toContain('s|__FORESCALE_NODE_NAME__|$answer|');
    expect(file('k3s-token')).toContain(TOKEN);
  });

  it('says the join token nowhere but in user data', async () => {
    await create();
    const said = target.endpoint.calls.map(({ input }) =>
      JSON.stringify(input, (key, value) => (key === 'UserData' ? undefined : value)),
    );
    expect(said.join()).not.toContain(TOKEN);
    target.endpoint.fail('create', 'auth', 1);
    expect((await failureOf(create(OTHER))).message).not.toContain(TOKEN);
  });

  it('makes a template again that is missing, and waits for one that is not known yet', async () => {
    await create();
    templates().all.clear();
    await driven(target, guarded(target).create(requestOf(target, OTHER)));
    expect(target.endpoint.running()).toHaveLength(2);
    templates().all.clear();
    templates().knownAfterMs = 500;
    const [, , third = ''] = namesOf(3);
    await driven(target, guarded(target).create(requestOf(target, third)));
    expect(target.endpoint.running()).toHaveLength(3);
  });

  it('a template that is missing is no sign that a machine was made', async () => {
    templates().knownAfterMs = MINUTE_MS;
    expect(await failureOf(create())).toMatchObject({ errorClass: 'transient', ambiguous: false });
    expect(target.endpoint.running()).toEqual([]);
  });

  it('nor is one that cannot be made', async () => {
    await target.endpoint.close();
    expect(await failureOf(create())).toMatchObject({ errorClass: 'transient', ambiguous: false });
  });

  it('an hour later, templates of this cluster that nobody uses any more go, and no others', async () => {
    await create();
    await create(OTHER, target.onDemand, { clusterTag: 'another-cluster' });
    const [first, theirs] = [...templates().all.keys()];
    pass(target, 120 * MINUTE_MS);
    const [, , third = '', fourth = ''] = namesOf(4);
    await create(third, target.onDemand, { labels: { 'forescale.dev/pool': 'web', new: 'yes' } });
    const left = [...templates().all.keys()];
    expect(left).toHaveLength(2);
    expect(left).toContain(theirs);
    expect(left).not.toContain(first);
    await create(fourth);
    expect([...templates().all.keys()]).toContain(first);
  });

  it('a machine that EC2 does not know yet is not gone', async () => {
    target.endpoint.showAfterMs = 2 * MINUTE_MS;
    const { machines } = await create();
    const [{ id, place } = { id: '', place: target.onDemand }] = machines;
    const terminate = () => driven(target, target.provider.terminate(id, place, signal()));
    expect(await terminate()).toBe('terminating');
    expect(target.endpoint.running()).toHaveLength(1);
    pass(target, 2 * MINUTE_MS);
    expect(await terminate()).toBe('terminating');
    expect(target.endpoint.running()).toEqual([]);
    pass(target, MINUTE_MS);
    expect(await terminate()).toBe('gone');
    pass(target, 2 * 60 * MINUTE_MS);
    expect(await terminate()).toBe('gone');
  });

  it.each(['InternalError', 'Unavailable', 'RequestLimitExceeded'])(
    'a fleet that has answered %s will answer nothing else: another offering may do',
    async (code) => {
      target.endpoint.ec2.region('us-east-1').fleets.failing.push(code);
      const error = await failureOf(driven(target, guarded(target).create(requestOf(target, NAME))));
      expect(error).toMatchObject({ errorClass: 'capacity', ambiguous: false, mark: { scope: 'offering' } });
      expect(error.message).toContain(code);
      expect(called('CreateFleet')).toHaveLength(1);
      expect(target.endpoint.running()).toEqual([]);
    },
  );

  it("spreads machines over a zone's subnets, and goes on to the next where one is full", async () => {
    await Promise.all(namesOf(20).map((name) => create(name)));
    const subnets = () => target.endpoint.instances.running().map(({ subnet }) => subnet);
    expect(new Set(subnets())).toEqual(new Set(['subnet-0aaaaaaaa', 'subnet-0aaaaaaab']));
    const { full } = target.endpoint.ec2.region('us-east-1').fleets;
    full.add('subnet-0aaaaaaaa');
    await Promise.all(namesOf(10, 'more').map((name) => create(name)));
    expect(subnets().slice(20)).toEqual(Array(10).fill('subnet-0aaaaaaab'));
    // The same again makes nothing more, whichever subnet it was.
    await Promise.all(namesOf(10, 'more').map((name) => create(name)));
    expect(subnets()).toHaveLength(30);
    full.add('subnet-0aaaaaaab');
    const { failures } = await create('none-t3k9p2-000000');
    expect(failures[0]).toMatchObject({ errorClass: 'capacity', mark: { scope: 'zone' } });
  });

  it('takes a launch template as it is, and finds its nodes under the names of EC2', async () => {
    const other = await openMachines({
      regions: {
        'us-east-1': {
          subnets: { 'us-east-1a': ['subnet-0aaaaaaaa'] },
          launch_template: { id: 'lt-00000000000000001', version: '3' },
        },
      },
      ...{ machine: undefined, join: undefined, node_name: 'private-dns' },
    });
    try {
      expect(await failureOf(driven(other, other.provider.create(requestOf(other, OTHER), signal())))).toMatchObject({
        errorClass: 'config',
        message: expect.stringMatching(/^InvalidLaunchTemplateId.NotFound/),
      });
      const input = { LaunchTemplateName: 'mine', LaunchTemplateData: {} };
      const { templates: theirs } = other.endpoint.ec2.region('us-east-1');
      theirs.create({ operation: '', region: '', refused: null, input });
      const { machines } = await driven(other, other.provider.create(requestOf(other, NAME), signal()));
      const [listed] = await driven(other, other.provider.find(NAME, other.onDemand, signal()));
      expect(machines[0]).toMatchObject({ id: listed?.id, nodeName: '' });
      expect(listed?.nodeName).toMatch(/^ip-10-0-\d+-\d+\.us-east-1\.compute\.internal$/);
      expect([...other.endpoint.operations].sort()).toEqual(['ec2:CreateFleet', 'ec2:DescribeInstances']);
    } finally {
      await other.close();
    }
  });

  it('refuses an offering that the configuration has no subnets for', async () => {
    expect(await failureOf(create(NAME, { ...target.onDemand, zone: 'us-east-1c' }))).toMatchObject({
      errorClass: 'config',
      message: 'offering in zone us-east-1c of us-east-1: allowed: one that regions.subnets names',
    });
    expect((await failureOf(create(NAME, { ...target.onDemand, region: 'eu-west-1' }))).errorClass).toBe('config');
    expect(target.endpoint.calls.filter(({ operation }) => operation === 'CreateFleet')).toEqual([]);
  });

  it('the same token for another machine is refused', async () => {
    await create();
    expect(await failureOf(create(NAME, { ...target.onDemand, zone: 'us-east-1b' }))).toMatchObject({
      errorClass: 'config',
      message: expect.stringMatching(/^IdempotentParameterMismatch/),
    });
  });

  it('ends when it is told to', async () => {
    const abort = new AbortController();
    abort.abort();
    expect(await failureOf(target.provider.list(CLUSTER, abort.signal))).toMatchObject({ errorClass: 'transient' });
  });

  it('nobody without credentials is let in', async () => {
    delete process.env.AWS_ACCESS_KEY_ID;
    const { config, clock } = target;
    const provider = await openProvider(config, { clock, kube: null });
    expect(await failureOf(provider.list(CLUSTER, signal()))).toMatchObject({ errorClass: 'auth', ambiguous: false });
  });
});
