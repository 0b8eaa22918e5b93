import { describe, expect, it } from 'vitest';
import { gcpProvider } from './gcp.ts';

const IMAGE = 'projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64';
const GROUP = { name: 'web', location: 'us-central1-a', instance_type: 'e2-standard-4' };
const GKE = { cluster: 'prod', location: 'us-central1', node_pools: [{ name: 'web', instance_type: 'e2-standard-4' }] };

/** A section with machines, whose fields are these. */
const machines = (fields: object) => ({ kind: 'gcp', project: 'shop-123456', machines: { image: IMAGE, ...fields } });
const groups = (...all: object[]) => ({ kind: 'gcp', project: 'shop-123456', instance_groups: all });
const gke = (fields: object) => ({ kind: 'gcp', project: 'shop-123456', gke: { ...GKE, ...fields } });

/** The first complaint, as `field: what is allowed`. */
function complaint(raw: unknown): string {
  const issue = gcpProvider.safeParse(raw).error?.issues[0];
  if (issue === undefined) return 'accepted';
  // As `describeIssue` has it.
  const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : issue.message;
  return `${issue.path.join('.')}: ${message}`;
}

const RESOURCE = 'allowed: a name of a-z, 0-9 and "-" that begins with a letter, at most 63 long';
const MODE = 'allowed: exactly one of machines, instance_groups, gke';
const ENDPOINT = 'allowed: an https URL without a path (http on loopback only)';

describe('provider gcp', () => {
  it('machines, with what it fills in', () => {
    expect(gcpProvider.parse(machines({}))).toEqual({
      ...{ kind: 'gcp', project: 'shop-123456', instanceGroups: [], gke: null },
      machines: {
        ...{ image: IMAGE, diskGb: 30, diskType: 'pd-balanced', network: 'global/networks/default', subnetworks: {} },
        ...{ publicIp: false, serviceAccount: null, networkTags: [], labels: {}, join: null },
      },
      ...{ credentialsFile: null, tokenFile: null, endpoint: 'https://compute.googleapis.com' },
      containerEndpoint: 'https://container.googleapis.com',
      resourceManagerEndpoint: 'https://cloudresourcemanager.googleapis.com',
      ...{ concurrency: 100, ratePerSecond: null },
    });
  });

  it('groups of a zone and of a region, and node pools', () => {
    const region = { ...GROUP, location: 'us-central1', capacity_type: 'spot' };
    expect(gcpProvider.parse(groups(GROUP, region)).instanceGroups).toEqual([
      { name: 'web', location: 'us-central1-a', instanceType: 'e2-standard-4', capacityType: 'on_demand' },
      { name: 'web', location: 'us-central1', instanceType: 'e2-standard-4', capacityType: 'spot' },
    ]);
    expect(gcpProvider.parse(gke({})).gke).toEqual({
      ...{ cluster: 'prod', location: 'us-central1' },
      nodePools: [{ name: 'web', instanceType: 'e2-standard-4', capacityType: 'on_demand' }],
    });
  });

  it.each([
    [machines({ subnetworks: { 'us-central1': 'projects/host-123456/regions/us-central1/subnetworks/nodes' } })],
    [machines({ image: 'global/images/k3s-2026-03' })],
    [{ ...machines({}), project: 'example.com:shop-123456' }],
    [{ ...machines({}), endpoint: 'http://127.0.0.1:8080/' }],
    [gke({ location: 'europe-west4-a' })],
  ])('accepted: %j', (raw) => {
    expect(complaint(raw)).toBe('accepted');
  });

  // biome-ignore format: one refusal a line
  it.each<[raw: object, message: string]>([
    [{ kind: 'gcp', machines: { image: IMAGE } }, 'project: allowed: the id of a project, such as "my-project-123"'],
    [{ ...machines({}), project: 'Shop' }, 'project: allowed: the id of a project, such as "my-project-123"'],
    [{ kind: 'gcp', project: 'shop-123456' }, `: ${MODE}`],
    [{ ...machines({}), gke: GKE }, `: ${MODE}`],
    [{ ...machines({}), credentials_file: 'a', token_file: 'b' }, 'token_file: allowed: without credentials_file'],
    [{ ...machines({}), credentials_file: '' }, 'credentials_file: allowed: a path'],
    [{ ...machines({}), endpoint: 'http://compute.example.com' }, `endpoint: ${ENDPOINT}`],
    [{ ...machines({}), endpoint: 'https://compute.googleapis.com/compute/v1' }, `endpoint: ${ENDPOINT}`],
    [{ ...machines({}), container_endpoint: 'https://me:pw@h' }, `container_endpoint: ${ENDPOINT}`],
    [{ ...machines({}), concurrency: 0 }, 'concurrency: allowed: a whole number from 1 to 1000'],
    [machines({ image: 'debian-12' }), 'machines.image: allowed: an image such as "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64"'],
    [machines({ disk_gb: 5 }), 'machines.disk_gb: allowed: a whole number from 10 to 65536'],
    [machines({ disk_type: 'PD' }), `machines.disk_type: ${RESOURCE}`],
    [machines({ network: 'default' }), 'machines.network: allowed: a network such as "global/networks/default"'],
    [machines({ subnetworks: { mars: 'x' } }), 'machines.subnetworks.mars: allowed: a region such as "us-central1"'],
    [machines({ subnetworks: { 'us-central1': 'nodes' } }), 'machines.subnetworks.us-central1: allowed: a subnetwork such as "regions/us-central1/subnetworks/nodes"'],
    [machines({ subnetworks: { 'us-central1': 'regions/europe-west4/subnetworks/nodes' } }), 'machines.subnetworks.us-central1: allowed: a subnetwork of region us-central1'],
    [machines({ service_account: 'nodes' }), 'machines.service_account: allowed: the e-mail address of a service account'],
    [machines({ network_tags: ['K3s'] }), `machines.network_tags.0: ${RESOURCE}`],
    [machines({ labels: { team: 'Shop' } }), 'machines.labels.team: allowed: text of a-z, 0-9, "_" and "-", at most 63 long'],
    [machines({ labels: { 'forescale-pool': 'x' } }), 'machines.labels: allowed: at most 32 labels, none that begins with "forescale-"'],
    [machines({ startup_script: 'x' }), 'machines: unknown key; allowed: image, disk_gb, disk_type, network, subnetworks, public_ip, service_account, network_tags, labels, join'],
    [groups(), 'instance_groups: allowed: a list of 1 to 100 instance groups'],
    [groups({ ...GROUP, location: 'us' }), 'instance_groups.0.location: allowed: a zone such as "us-central1-a", or a region'],
    [groups(GROUP, { ...GROUP, name: 'other' }), 'instance_groups: allowed: one group for each instance_type, capacity_type and location'],
    [gke({ node_pools: [] }), 'gke.node_pools: allowed: a list of 1 to 100 node pools'],
    [gke({ node_pools: [...GKE.node_pools, { ...GKE.node_pools[0], name: 'b' }] }), 'gke.node_pools: allowed: one node pool for each instance_type and capacity_type'],
    [gke({ cluster: 'prod/1' }), `gke.cluster: ${RESOURCE}`],
  ])('%j', (raw, message) => {
    expect(complaint(raw)).toBe(message);
  });
});
