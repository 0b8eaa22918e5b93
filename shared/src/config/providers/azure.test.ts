import { describe, expect, it } from 'vitest';
import { ConfigError, maskSecrets, parseConfig, providersOf } from '../index.ts';

const IN_GROUP = '/subscriptions/0a1b2c3d-0000-4000-8000-00000000000a/resourceGroups/nodes/providers';
const MACHINES = {
  subnet: `${IN_GROUP}/Microsoft.Network/virtualNetworks/shop/subnets/nodes`,
  image: 'Canonical:ubuntu-24_04-lts:server:latest',
  ssh_public_key: `ssh-ed25519 ${'A'.repeat(68)} ops@example.org`,
};
const ACCOUNT = {
  kind: 'azure',
  subscription_id: '0a1b2c3d-0000-4000-8000-00000000000a',
  resource_group: 'nodes',
};
const GROUP = { name: 'base', instance_type: 'Standard_D4s_v5' };

function parsed(provider: unknown) {
  const text = JSON.stringify({ autoscaler: { pools: [{ provider }] } });
  const [pool] = parseConfig(text, 'f.yaml', {}).pools;
  return pool ? [...providersOf(pool.provider).values()][0] : undefined;
}

function refusal(provider: unknown): string {
  try {
    parsed(provider);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as Error;
    expect(message).toMatch(/^f\.yaml: \P{Cc}+$/u);
    return message.replace('f.yaml: autoscaler.pools[0].provider', '');
  }
  return 'accepted';
}

const machines = (change: Readonly<Record<string, unknown>>) => ({ ...ACCOUNT, machines: { ...MACHINES, ...change } });
const ENDPOINT = 'allowed: an https URL without a path (http on loopback only)';
const IMAGE = 'allowed: an image such as "Canonical:ubuntu-24_04-lts:server:latest", or the resource id of one';
const ONE_MODE = 'allowed: exactly one of machines, scale_sets, aks';

describe('azure in the configuration', () => {
  it('machines: what is left out has its default', () => {
    expect(parsed({ ...ACCOUNT, machines: MACHINES })).toEqual({
      kind: 'azure',
      subscriptionId: '0a1b2c3d-0000-4000-8000-00000000000a',
      resourceGroup: 'nodes',
      machines: {
        subnet: MACHINES.subnet,
        securityGroup: null,
        publicIp: false,
        image: MACHINES.image,
        imageArm64: null,
        adminUsername: 'forescale',
        sshPublicKey: MACHINES.ssh_public_key,
        join: null,
        diskGb: null,
        diskType: 'Premium_LRS',
      },
      scaleSets: null,
      aks: null,
      tokenFile: null,
      endpoint: 'https://management.azure.com',
      pricesEndpoint: 'https://prices.azure.com',
      concurrency: 100,
      ratePerSecond: null,
    });
  });

  it('groups: scale sets, or the node pools of a cluster', () => {
    const group = { name: 'base', instanceType: 'Standard_D4s_v5', capacityType: 'on_demand', zone: null };
    expect(parsed({ ...ACCOUNT, scale_sets: [GROUP] })).toMatchObject({ scaleSets: [group], aks: null });
    expect(
      parsed({ ...ACCOUNT, aks: { cluster: 'shop', agent_pools: [{ ...GROUP, capacity_type: 'spot', zone: '1' }] } }),
    ).toMatchObject({
      aks: { cluster: 'shop', agentPools: [{ ...group, capacityType: 'spot', zone: '1' }] },
      machines: null,
    });
  });

  it.each([
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/k3s',
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/k3s/versions/1.2.3',
    '/CommunityGalleries/ubuntu-1/Images/server/Versions/latest',
  ])('image %s', (image) => {
    expect(refusal(machines({ image }))).toBe('accepted');
  });

  it.each(['https://management.usgovcloudapi.net', 'http://127.0.0.1:8080', 'http://localhost:1/'])(
    'end point %s',
    (endpoint) => {
      expect(parsed({ ...machines({}), endpoint })).toMatchObject({ endpoint: endpoint.replace(/\/$/, '') });
    },
  );

  it('nothing of a provider is masked, for there is no secret in it', () => {
    const config = parsed({ ...machines({}), token_file: '/run/secrets/azure' });
    expect(maskSecrets(config)).toEqual(config);
  });

  // biome-ignore format: one refusal a line
  it.each<[what: string, provider: unknown, message: string]>([
    ['none of the three', ACCOUNT, ` = ${JSON.stringify(ACCOUNT).slice(0, 77)}...: ${ONE_MODE}`],
    ['a subscription by name', { ...machines({}), subscription_id: 'prod' }, '.subscription_id = "prod": allowed: the id of a subscription, a UUID'],
    ['a group with a slash', { ...machines({}), resource_group: 'a/b' }, '.resource_group = "a/b": allowed: a name of an Azure resource, at most 90 long'],
    ['a step up for a group', { ...machines({}), resource_group: '..' }, '.resource_group = "..": allowed: a name of an Azure resource, at most 90 long'],
    ['http to another host', { ...machines({}), endpoint: 'http://example.org' }, `.endpoint = "http://example.org": ${ENDPOINT}`],
    ['a host that only begins like loopback', { ...machines({}), endpoint: 'http://127.0.0.1.example.org' }, `.endpoint = "http://127.0.0.1.example.org": ${ENDPOINT}`],
    ['a login in an end point', { ...machines({}), endpoint: 'https://a:b@example.org' }, `.endpoint = "https://***@example.org": ${ENDPOINT}`],
    ['a path in an end point', { ...machines({}), prices_endpoint: 'https://example.org/x' }, `.prices_endpoint = "https://example.org/x": ${ENDPOINT}`],
    ['an image without a version', machines({ image: 'Canonical:ubuntu:server' }), `.machines.image = "Canonical:ubuntu:server": ${IMAGE}`],
    ['root', machines({ admin_username: 'Root' }), '.machines.admin_username = "Root": allowed: a user name of Linux, at most 32 long'],
    ['a private key', machines({ ssh_public_key: '-----BEGIN OPENSSH PRIVATE KEY-----' }), '.machines.ssh_public_key = "-----BEGIN OPENSSH PRIVATE KEY-----": allowed: a public key as in id_rsa.pub, of type ssh-rsa or ssh-ed25519'],
    ['a disk that is too small', machines({ disk_gb: 4 }), '.machines.disk_gb = 4: allowed: a whole number from 8 to 4095'],
    ['a disk of no kind', machines({ disk_type: 'gp3' }), '.machines.disk_type = "gp3": allowed: Standard_LRS, StandardSSD_LRS, Premium_LRS'],
    ['an unknown key', machines({ vnet: 'x' }), '.machines.vnet = "x": unknown key; allowed: subnet, security_group, public_ip, image, image_arm64, admin_username, ssh_public_key, join, disk_gb, disk_type'],
    ['no groups', { ...ACCOUNT, scale_sets: [] }, '.scale_sets = []: allowed: a list of 1 to 100 groups'],
    ['a group twice', { ...ACCOUNT, scale_sets: [GROUP, { ...GROUP, name: 'BASE' }] }, '.scale_sets = [{"name":"base","instance_type":"Standard_D4s_v5"},{"name":"BASE","instance_t...: allowed: each group once'],
    ['a kind that is not sold', { ...ACCOUNT, scale_sets: [{ ...GROUP, capacity_type: 'low' }] }, '.scale_sets[0].capacity_type = "low": allowed: on_demand, spot'],
    ['a cluster without pools', { ...ACCOUNT, aks: { cluster: 'shop' } }, '.aks.agent_pools is absent: allowed: a list of 1 to 100 groups'],
    ['too many calls', { ...machines({}), concurrency: 0 }, '.concurrency = 0: allowed: a whole number from 1 to 1000'],
  ])('refused: %s', (_what, provider, message) => {
    expect(refusal(provider)).toBe(message);
  });

  it('refused: parentheses in the id that a node is told', () => {
    const join = { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1', token_file: '/t' };
    const named = { resource_group: 'nodes(1)' };
    expect(refusal({ ...machines({ join }), ...named })).toBe(
      '.resource_group = "nodes(1)": allowed with join: no parentheses',
    );
    expect(refusal({ ...machines({}), ...named })).toBe('accepted');
  });

  it('refused: two of the three, and a subnet that is none', () => {
    expect(refusal({ ...machines({}), scale_sets: [GROUP] })).toContain(ONE_MODE);
    const vnet = `${IN_GROUP}/Microsoft.Network/virtualNetworks/shop`;
    expect(refusal(machines({ subnet: vnet }))).toContain('.machines.subnet = ');
    expect(refusal(machines({ subnet: `${MACHINES.subnet}'; x` }))).toContain('allowed: a resource id such as');
  });
});
