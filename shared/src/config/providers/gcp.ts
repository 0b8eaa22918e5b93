import { z } from 'zod';
import { choice, flag, integer, line, list, section, text } from '../issues.ts';
import { joinSchema } from './join.ts';
import { limits, limitsOf } from './limits.ts';

/** Without a login or path: access tokens are sent to it, so that only loopback may do without TLS. */
const endpoint = text(
  /^(https:\/\/[\w.-]+|http:\/\/(127\.0\.0\.1|localhost|\[::1\]))(:\d{1,5})?\/?$/,
  'an https URL without a path (http on loopback only)',
).transform((url) => url.replace(/\/$/, ''));

/** As Google names almost everything: at most 63 long, of a-z, 0-9 and "-". */
const NAME = '[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?';
const PROJECT = '(?:[a-z0-9.-]{1,63}:)?[a-z][a-z0-9-]{4,28}[a-z0-9]';
const ofProject = `(?:projects/${PROJECT}/)?`;

const resourceName = text(
  new RegExp(`^${NAME}$`),
  'a name of a-z, 0-9 and "-" that begins with a letter, at most 63 long',
);
const region = text(/^[a-z]+-[a-z]+\d{1,2}$/, 'a region such as "us-central1"');
const location = text(/^[a-z]+-[a-z]+\d{1,2}(-[a-z])?$/, 'a zone such as "us-central1-a", or a region');

const labelKey = text(
  /^[a-z][a-z0-9_-]{0,62}$/,
  'a label of a-z, 0-9, "_" and "-" that begins with a letter, at most 63 long',
);
const labelValue = text(/^[a-z0-9_-]{0,63}$/, 'text of a-z, 0-9, "_" and "-", at most 63 long');

/** Those that every machine gets from Forescale begin so. */
const OUR_LABELS = 'forescale-';
const LABELS_MAX = 32;

const labels = z
  .record(labelKey, labelValue, { error: 'allowed: a map of text to text' })
  .refine(
    (all) => Object.keys(all).length <= LABELS_MAX && !Object.keys(all).some((key) => key.startsWith(OUR_LABELS)),
    {
      error: `allowed: at most ${LABELS_MAX} labels, none that begins with "${OUR_LABELS}"`,
    },
  );

const machinesSchema = section({
  image: text(
    new RegExp(`^${ofProject}global/images/(?:family/)?${NAME}$`),
    'an image such as "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64"',
  ),
  disk_gb: integer(10, 65_536).default(30),
  disk_type: resourceName.default('pd-balanced'),
  network: text(
    new RegExp(`^${ofProject}global/networks/${NAME}$`),
    'a network such as "global/networks/default"',
  ).default('global/networks/default'),
  /** By region; where a region has none here, the network's own of that region. */
  subnetworks: z
    .record(
      region,
      text(
        new RegExp(`^${ofProject}regions/[a-z0-9-]{1,63}/subnetworks/${NAME}$`),
        'a subnetwork such as "regions/us-central1/subnetworks/nodes"',
      ),
      { error: 'allowed: a map of regions to subnetworks' },
    )
    .superRefine((named, context) => {
      for (const [where, subnetwork] of Object.entries(named)) {
        if (subnetwork.includes(`regions/${where}/`)) continue;
        context.addIssue({ code: 'custom', path: [where], message: `allowed: a subnetwork of region ${where}` });
      }
    })
    .default({}),
  /** Where the network has no other way out, as K3s needs for its images. */
  public_ip: flag.default(false),
  service_account: text(/^[\w.-]{1,63}@[\w.-]{1,189}$/, 'the e-mail address of a service account').optional(),
  network_tags: list(resourceName, 0, 64, 'network tags').default([]),
  labels: labels.default({}),
  /** Absent: the image joins by itself. */
  join: joinSchema.optional(),
}).transform((raw) => ({
  image: raw.image,
  diskGb: raw.disk_gb,
  diskType: raw.disk_type,
  network: raw.network,
  subnetworks: raw.subnetworks,
  publicIp: raw.public_ip,
  /** Null: machines have no credentials of their own. */
  serviceAccount: raw.service_account ?? null,
  networkTags: raw.network_tags,
  labels: raw.labels,
  /** Null: the image joins by itself. */
  join: raw.join ?? null,
}));

/** What a group makes is settled where it was made; this says which offering it is. */
const sold = {
  name: resourceName,
  instance_type: text(/^[\w.-]{1,63}$/, 'a machine type such as "e2-standard-4"'),
  capacity_type: choice(['on_demand', 'spot']).default('on_demand'),
};

/** A managed instance group of one zone or of one region. */
const instanceGroupSchema = section({ ...sold, location }).transform((raw) => ({
  name: raw.name,
  location: raw.location,
  instanceType: raw.instance_type,
  capacityType: raw.capacity_type,
}));

const nodePoolSchema = section(sold).transform((raw) => ({
  name: raw.name,
  instanceType: raw.instance_type,
  capacityType: raw.capacity_type,
}));

interface Sold {
  readonly instanceType: string;
  readonly capacityType: string;
  readonly location?: string;
}

/** Of two groups that are the same offering nobody could say which one is meant. */
function eachOnce(groups: readonly Sold[]): boolean {
  const sold = groups.map(({ instanceType, capacityType, location }) => `${instanceType} ${capacityType} ${location}`);
  return new Set(sold).size === groups.length;
}

const instanceGroups = list(instanceGroupSchema, 1, 100, 'instance groups').refine(eachOnce, {
  error: 'allowed: one group for each instance_type, capacity_type and location',
});

const gkeSchema = section({
  cluster: resourceName,
  location,
  node_pools: list(nodePoolSchema, 1, 100, 'node pools').refine(eachOnce, {
    error: 'allowed: one node pool for each instance_type and capacity_type',
  }),
}).transform((raw) => ({ cluster: raw.cluster, location: raw.location, nodePools: raw.node_pools }));

const MODES = ['machines', 'instance_groups', 'gke'] as const;

const path = line(4_096, 'a path');

export const gcpProvider = section({
  kind: z.literal('gcp'),
  project: text(new RegExp(`^${PROJECT}$`), 'the id of a project, such as "my-project-123"'),
  machines: machinesSchema.optional(),
  instance_groups: instanceGroups.optional(),
  gke: gkeSchema.optional(),
  /** A key, or a configuration of workload identity federation; absent: what Google's library finds around it. */
  credentials_file: path.optional(),
  /** Instead of Google's library: a file that somebody keeps filled with an access token. */
  token_file: path.optional(),
  endpoint: endpoint.default('https://compute.googleapis.com'),
  container_endpoint: endpoint.default('https://container.googleapis.com'),
  resource_manager_endpoint: endpoint.default('https://cloudresourcemanager.googleapis.com'),
  ...limits,
})
  .superRefine((raw, context) => {
    const add = (at: string[], message: string) => context.addIssue({ code: 'custom', path: at, message });
    if (MODES.filter((mode) => raw[mode] !== undefined).length !== 1)
      add([], `allowed: exactly one of ${MODES.join(', ')}`);
    if (raw.credentials_file !== undefined && raw.token_file !== undefined)
      add(['token_file'], 'allowed: without credentials_file');
  })
  .transform((raw) => ({
    kind: raw.kind,
    project: raw.project,
    machines: raw.machines ?? null,
    instanceGroups: raw.instance_groups ?? [],
    gke: raw.gke ?? null,
    credentialsFile: raw.credentials_file ?? null,
    tokenFile: raw.token_file ?? null,
    endpoint: raw.endpoint,
    containerEndpoint: raw.container_endpoint,
    resourceManagerEndpoint: raw.resource_manager_endpoint,
    ...limitsOf(raw),
  }));

export type GcpConfig = z.output<typeof gcpProvider>;
export type GcpMachinesConfig = z.output<typeof machinesSchema>;
