import { describe, expect, it } from 'vitest';
import { ConfigError, parseConfig, providersOf } from '../index.ts';

const REGION = '{subnets: {us-east-1a: [subnet-0123abcd]}, image: ami-0123abcd, security_groups: [sg-0123abcd]}';
const THEIRS = '{subnets: {us-east-1a: [subnet-0123abcd]}, launch_template: {id: lt-0123abcd}}';
const JOIN = 'join: {kind: k3s, server: "https://10.0.0.2:6443", version: "v1.34.1+k3s1", token_file: /t}';
const GROUP = '{name: web, region: us-east-1, instance_types: [m7i.xlarge]}';

const parse = (body: string) =>
  parseConfig(`autoscaler: {pools: [{provider: {kind: aws, ${body}}}]}`, 'f.yaml', {}).pools[0]?.provider;

/** What is wrong with a provider, from its field on. */
function refusal(body: string): string {
  try {
    parse(body);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as Error;
    expect(message).toMatch(/^f\.yaml: \P{Cc}+$/u);
    return message.slice('f.yaml: autoscaler.pools[0].provider'.length);
  }
  return 'accepted';
}

describe('configuration: aws', () => {
  it('machines one by one, with the defaults', () => {
    expect(parse(`regions: {us-east-1: ${REGION}}, ${JOIN}`)).toMatchObject({
      kind: 'aws',
      regions: {
        'us-east-1': {
          subnets: { 'us-east-1a': ['subnet-0123abcd'] },
          image: 'ami-0123abcd',
          launchTemplate: null,
          securityGroups: ['sg-0123abcd'],
        },
      },
      machine: { instanceProfile: null, keyName: null, rootVolume: null, metadataHops: 1 },
      ...{ join: { kind: 'k3s' }, tags: {}, nodeName: 'forescale', groups: [], interruptionQueues: {} },
      ...{ endpoints: {}, concurrency: 100, ratePerSecond: null },
    });
  });

  it('groups; launch templates of the user; local zones; a mix of regions', () => {
    expect(parse(`groups: [${GROUP}]`)).toMatchObject({
      nodeName: 'private-dns',
      groups: [{ name: 'web', region: 'us-east-1', capacityType: 'on_demand', zones: null }],
    });
    expect(parse(`regions: {us-east-1: ${THEIRS}}, node_name: private-dns`)).toMatchObject({
      nodeName: 'private-dns',
      regions: { 'us-east-1': { launchTemplate: { id: 'lt-0123abcd', version: '$Default' } } },
    });
    const local = THEIRS.replace('us-east-1a', 'us-west-2-lax-1a');
    expect(refusal(`regions: {us-west-2: ${local}, eu-central-1: ${REGION}, us-gov-west-1: ${THEIRS}}, ${JOIN}`)).toBe(
      'accepted',
    );
  });

  it('one of several providers of a pool', () => {
    const mixed = `autoscaler: {pools: [{provider: {kind: mixed, providers: {a: {kind: aws, groups: [${GROUP}]}}}}]}`;
    const [pool] = parseConfig(mixed, 'f.yaml', {}).pools;
    expect([...providersOf(pool?.provider ?? { kind: 'none' })].map(([name, { kind }]) => [name, kind])).toEqual([
      ['a', 'aws'],
    ]);
  });

  // biome-ignore format: one refusal a line
  it.each<[what: string, body: string, message: string]>([
    ['neither regions nor groups', 'tags: {}', '.regions is absent: allowed: either regions or groups'],
    ['both', `regions: {us-east-1: ${THEIRS}}, groups: [${GROUP}]`, '.regions = {"us-east-1":{"subnets":{"us-east-1a":["subnet-0123abcd"]},"launch_template":...: allowed: either regions or groups'],
    ['no region', 'regions: {}', '.regions = {}: allowed: at least one region'],
    ['a zone as a region', `regions: {us-east-1a: ${THEIRS}}`, '.regions.us-east-1a: allowed: a region such as "us-east-1"'],
    ['a region as a zone', 'regions: {us-east-1: {subnets: {us-east-1: [subnet-0123abcd]}, image: ami-0123abcd}}', '.regions.us-east-1.subnets.us-east-1: allowed: an availability zone such as "us-east-1a"'],
    ['no subnet', 'regions: {us-east-1: {subnets: {us-east-1a: []}, image: ami-0123abcd}}', '.regions.us-east-1.subnets.us-east-1a = []: allowed: a list of 1 to 16 subnets'],
    ['no zone', 'regions: {us-east-1: {subnets: {}, image: ami-0123abcd}}', '.regions.us-east-1.subnets = {}: allowed: 1 to 20 zones'],
    ['another thing for a subnet', 'regions: {us-east-1: {subnets: {us-east-1a: [vpc-0123abcd]}, image: ami-0123abcd}}', '.regions.us-east-1.subnets.us-east-1a[0] = "vpc-0123abcd": allowed: a subnet such as "subnet-0a1b2c3d4e5f67890"'],
    ['a name for an image', 'regions: {us-east-1: {subnets: {us-east-1a: [subnet-0123abcd]}, image: ubuntu}}', '.regions.us-east-1.image = "ubuntu": allowed: an image such as "ami-0a1b2c3d4e5f67890"'],
    ['neither image nor template', 'regions: {us-east-1: {subnets: {us-east-1a: [subnet-0123abcd]}}}', '.regions.us-east-1.image is absent: allowed: an image, or a launch_template'],
    ['image and template', `regions: {us-east-1: ${THEIRS.replace('}}', '}, image: ami-0123abcd}')}}`, '.regions.us-east-1.image = "ami-0123abcd": allowed: only without launch_template, which has its own'],
    ['an image without its network', 'regions: {us-east-1: {subnets: {us-east-1a: [subnet-0123abcd]}, image: ami-0123abcd}}', '.regions.us-east-1.security_groups is absent: allowed: a list of 1 to 16 security groups'],
    ['a version in words', `regions: {us-east-1: ${THEIRS.replace('lt-0123abcd', 'lt-0123abcd, version: newest')}}`, '.regions.us-east-1.launch_template.version = "newest": allowed: a version such as "3", "$Latest" or "$Default"'],
    ['an image without a join', `regions: {us-east-1: ${REGION}}`, '.join is absent: allowed where a region names an image: how its machines join'],
    ['a join without an image', `regions: {us-east-1: ${THEIRS}}, ${JOIN}`, '.join = {"kind":"k3s","server":"https://10.0.0.2:6443","version":"v1.34.1+k3s1","toke...: allowed only where a region names an image'],
    ['machines that are not made by us', `regions: {us-east-1: ${THEIRS}}, machine: {key_name: ops}`, '.machine = {"key_name":"ops"}: allowed only where a region names an image'],
    ['names that the join does not give', `regions: {us-east-1: ${REGION}}, ${JOIN}, node_name: private-dns`, '.node_name = "private-dns": allowed with this join: forescale'],
    ['names that groups do not give', `groups: [${GROUP}], node_name: forescale`, '.node_name = "forescale": allowed with groups: private-dns'],
    ['tags of groups', `groups: [${GROUP}], tags: {team: web}`, '.tags = {"team":"web"}: allowed only with regions'],
    ['a tag that metadata cannot show', `regions: {us-east-1: ${THEIRS}}, tags: {kubernetes.io/cluster: x}`, '.tags.kubernetes.io/cluster: allowed: a tag key of letters, digits and + - = . , _ : @'],
    ['a tag of ours', `regions: {us-east-1: ${THEIRS}}, tags: {"forescale:node": x}`, '.tags["forescale:node"]: allowed: a tag key of letters, digits and + - = . , _ : @'],
    ['a group twice', `groups: [${GROUP}, ${GROUP}]`, '.groups[1].name = "web": allowed: each group once'],
    ['no group', 'groups: []', '.groups = []: allowed: a list of 1 to 100 groups'],
    ['a family as a type', `groups: [${GROUP.replace('m7i.xlarge', 'm7i')}]`, '.groups[0].instance_types[0] = "m7i": allowed: an instance type such as "m7g.xlarge"'],
    ['a queue of another region', `groups: [${GROUP}], interruption_queues: {eu-west-1: "https://sqs.eu-west-1.amazonaws.com/1/q"}`, '.interruption_queues.eu-west-1 = "https://sqs.eu-west-1.amazonaws.com/1/q": allowed: a region that is bought in: us-east-1'],
    ['a queue by its name', `groups: [${GROUP}], interruption_queues: {us-east-1: forescale}`, '.interruption_queues.us-east-1 = "forescale": allowed: an https URL without a login (http on loopback only)'],
    ['an end point in the clear', `groups: [${GROUP}], endpoints: {ec2: "http://10.0.0.9:4566"}`, '.endpoints.ec2 = "http://10.0.0.9:4566": allowed: an https URL without a login (http on loopback only)'],
    ['a host that only begins as loopback does', `groups: [${GROUP}], endpoints: {ec2: "http://127.0.0.1.example:80"}`, '.endpoints.ec2 = "http://127.0.0.1.example:80": allowed: an https URL without a login (http on loopback only)'],
    ['a login in an end point', `groups: [${GROUP}], endpoints: {sqs: "https://a:b@sqs.example"}`, '.endpoints.sqs = "https://***@sqs.example": allowed: an https URL without a login (http on loopback only)'],
    ['no device', `regions: {us-east-1: ${REGION}}, ${JOIN}, machine: {root_volume: {device: xvda, gib: 20}}`, '.machine.root_volume.device = "xvda": allowed: a device such as "/dev/xvda"'],
    ['a disk of nothing', `regions: {us-east-1: ${REGION}}, ${JOIN}, machine: {root_volume: {device: /dev/xvda, gib: 0}}`, '.machine.root_volume.gib = 0: allowed: a whole number from 1 to 16384'],
    ['an unknown service', `groups: [${GROUP}], endpoints: {iam: "http://127.0.0.1:1"}`, '.endpoints.iam = "http://127.0.0.1:1": unknown key; allowed: ec2, autoscaling, sqs, pricing'],
    ['credentials, which are looked for elsewhere', `groups: [${GROUP}], access_key_id: AKIA`, '.access_key_id = "AKIA": unknown key; allowed: kind, regions, machine, join, tags, node_name, groups, interruption_queues, endpoints, concurrency, rate_per_second'],
  ])('%s', (_what, body, message) => {
    expect(refusal(body)).toBe(message);
  });
});
