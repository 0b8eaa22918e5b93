import { z } from 'zod';
import { choice, integer, line, list, section, text } from '../issues.ts';
import { type JoinConfig, joinSchema } from './join.ts';
import { limits, limitsOf } from './limits.ts';

const REGIONS_MAX = 40;
const ZONES_MAX = 20;
const GROUPS_MAX = 100;
const TAGS_MAX = 30;

const region = text(/^[a-z]{2,3}(-[a-z]{2,12}){1,3}-\d{1,2}$/, 'a region such as "us-east-1"');
const zone = text(/^[a-z]{2,3}(-[a-z0-9]{1,12}){2,6}[a-z]$/, 'an availability zone such as "us-east-1a"');
const instanceType = text(/^[a-z0-9-]{1,31}\.[a-z0-9-]{1,31}$/, 'an instance type such as "m7g.xlarge"');
/** Join tokens go there, within user data: never in the clear, but on this machine. */
const awsUrl = text(
  /^(https:\/\/[^\s@\p{Cc}]{1,1000}|http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(\/[^\s@\p{Cc}]{0,256})?)$/u,
  'an https URL without a login (http on loopback only)',
);

/** `sg-0a1b2c3d`: what EC2 calls its things. */
const id = (prefix: string, what: string) => {
  const allowed = `${what} such as "${prefix}-0a1b2c3d4e5f67890"`;
  return text(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), allowed);
};

/** A launch template of the user's: image, network and user data are theirs. */
const launchTemplate = section({
  id: id('lt', 'a launch template'),
  /** Pinned, or what the template itself calls its newest. */
  version: text(/^(\d{1,9}|\$Latest|\$Default)$/, 'a version such as "3", "$Latest" or "$Default"').default('$Default'),
});

const regionSection = section({
  /** By zone: where its machines may be put. */
  subnets: z
    .record(zone, list(id('subnet', 'a subnet'), 1, 16, 'subnets'), { error: 'allowed: a map of zones to subnets' })
    .refine((zones) => Object.keys(zones).length > 0 && Object.keys(zones).length <= ZONES_MAX, {
      error: `allowed: 1 to ${ZONES_MAX} zones`,
    }),
  launch_template: launchTemplate.optional(),
  image: id('ami', 'an image').optional(),
  security_groups: list(id('sg', 'a security group'), 1, 16, 'security groups').optional(),
})
  .superRefine((raw, context) => {
    const refuse = (key: keyof typeof raw, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (raw.launch_template !== undefined && raw.image !== undefined)
      refuse('image', 'allowed: only without launch_template, which has its own');
    if (raw.launch_template === undefined && raw.image === undefined)
      refuse('image', 'allowed: an image, or a launch_template');
    if (raw.launch_template !== undefined && raw.security_groups !== undefined)
      refuse('security_groups', 'allowed: only without launch_template, which has its own');
    if (raw.image !== undefined && raw.security_groups === undefined)
      refuse('security_groups', 'allowed: a list of 1 to 16 security groups');
  })
  .transform((raw) => ({
    subnets: raw.subnets,
    launchTemplate: raw.launch_template ?? null,
    image: raw.image ?? null,
    securityGroups: raw.security_groups ?? [],
  }));

/** Of launch templates that Forescale makes, for every region that names an image. */
const machineSection = section({
  instance_profile: text(/^[\w+=,.@-]{1,128}$/, 'the name of an instance profile').optional(),
  key_name: line(255, 'the name of a key pair').optional(),
  root_volume: section({
    /** As the image calls it. */
    device: text(/^\/dev\/[a-z0-9]{1,16}$/, 'a device such as "/dev/xvda"'),
    gib: integer(1, 16_384),
  }).optional(),
  /** Of metadata: 1 keeps pods from it, which could read the user data and the machine's role there. */
  metadata_hops: integer(1, 64).default(1),
}).transform((raw) => ({
  instanceProfile: raw.instance_profile ?? null,
  keyName: raw.key_name ?? null,
  rootVolume: raw.root_volume ?? null,
  metadataHops: raw.metadata_hops,
}));

/** An auto scaling group, such as the one behind a managed node group of EKS, and what it sells. */
const groupSection = section({
  name: line(255, 'the name of an auto scaling group'),
  region,
  instance_types: list(instanceType, 1, 60, 'instance types'),
  capacity_type: choice(['on_demand', 'spot']).default('on_demand'),
  /** Absent: all of the region's. */
  zones: list(zone, 1, ZONES_MAX, 'zones').optional(),
}).transform((raw) => ({
  name: raw.name,
  region: raw.region,
  instanceTypes: raw.instance_types,
  capacityType: raw.capacity_type,
  zones: raw.zones ?? null,
}));

/** A machine reads its tags from its metadata only where no key has a slash or a blank in it. */
const tagKey = text(/^(?!aws:|forescale:)[\w+=.:@,-]{1,128}$/, 'a tag key of letters, digits and + - = . , _ : @');
const tags = z
  .record(tagKey, text(/^\P{Cc}{0,256}$/u, 'text of at most 256 characters'), {
    error: 'allowed: a map of text to text',
  })
  .refine((all) => Object.keys(all).length <= TAGS_MAX, { error: `allowed: at most ${TAGS_MAX} tags` });

const byRegion = <Value extends z.ZodType>(value: Value, allowed: string) =>
  z
    .record(region, value, { error: `allowed: a map of regions to ${allowed}` })
    .refine((all) => Object.keys(all).length <= REGIONS_MAX, { error: `allowed: at most ${REGIONS_MAX} regions` });

export const awsProvider = section({
  kind: z.literal('aws'),
  /** Machines one by one: where, and from what. */
  regions: byRegion(regionSection, 'sections').optional(),
  machine: machineSection.optional(),
  join: joinSchema.optional(),
  tags: tags.default({}),
  /** `forescale`: the machine reads its name from its tag `forescale:node`; `private-dns`: as EC2 calls it. */
  node_name: choice(['forescale', 'private-dns']).optional(),
  /** Or machines in groups. */
  groups: list(groupSection, 1, GROUPS_MAX, 'groups').optional(),
  /** SQS, filled by EventBridge. */
  interruption_queues: byRegion(awsUrl, 'URLs of queues').default({}),
  /** Where AWS is not reached at its own addresses. */
  endpoints: section({
    ec2: awsUrl.optional(),
    autoscaling: awsUrl.optional(),
    sqs: awsUrl.optional(),
    pricing: awsUrl.optional(),
  }).default({}),
  ...limits,
})
  .superRefine((raw, context) => {
    const refuse = (key: keyof typeof raw, message: string) =>
      context.addIssue({ code: 'custom', path: [key], message });
    const { regions, groups, join } = raw;
    if ((regions === undefined) === (groups === undefined)) refuse('regions', 'allowed: either regions or groups');
    if (regions !== undefined && Object.keys(regions).length === 0) refuse('regions', 'allowed: at least one region');
    const own = Object.values(regions ?? {}).some(({ image }) => image !== null);
    if (own && join === undefined) refuse('join', 'allowed where a region names an image: how its machines join');
    if (!own && join !== undefined) refuse('join', 'allowed only where a region names an image');
    if (!own && raw.machine !== undefined) refuse('machine', 'allowed only where a region names an image');
    if (own && raw.node_name === 'private-dns' && join?.kind !== 'user_data')
      refuse('node_name', 'allowed with this join: forescale');
    if (groups !== undefined && raw.node_name === 'forescale') refuse('node_name', 'allowed with groups: private-dns');
    if (groups !== undefined && Object.keys(raw.tags).length > 0) refuse('tags', 'allowed only with regions');
    refuseTwins(groups ?? [], context);
    const known = new Set([...Object.keys(regions ?? {}), ...(groups ?? []).map((group) => group.region)]);
    for (const name of Object.keys(raw.interruption_queues)) {
      if (known.has(name)) continue;
      const message = `allowed: a region that is bought in: ${[...known].join(', ')}`;
      context.addIssue({ code: 'custom', path: ['interruption_queues', name], message });
    }
  })
  .transform((raw) => ({
    kind: raw.kind,
    regions: raw.regions ?? {},
    machine: raw.machine ?? machineSection.parse({}),
    join: (raw.join ?? null) as JoinConfig | null,
    tags: raw.tags,
    nodeName: raw.node_name ?? (raw.groups === undefined ? ('forescale' as const) : ('private-dns' as const)),
    /** Empty: machines are made one by one. */
    groups: raw.groups ?? [],
    interruptionQueues: raw.interruption_queues,
    endpoints: raw.endpoints,
    ...limitsOf(raw),
  }));

function refuseTwins(groups: readonly { readonly name: string; readonly region: string }[], context: z.RefinementCtx) {
  const seen = new Set<string>();
  for (const [index, { name, region: where }] of groups.entries()) {
    const key = `${where}/${name}`;
    if (seen.has(key))
      context.addIssue({ code: 'custom', path: ['groups', index, 'name'], message: 'allowed: each group once' });
    seen.add(key);
  }
}

export type AwsConfig = z.output<typeof awsProvider>;
