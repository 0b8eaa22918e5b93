import { describe, expect, it } from 'vitest';
import { TOKEN } from './endpoint.ts';
import { apiVersionOf, flawOf } from './models.ts';
import { opened } from './opened.ts';
import { sentBody } from './sent-body.ts';
import type { AzureTarget } from './target.ts';

/** The same with one property replaced, or renamed. */
function changed(body: unknown, path: string, change: (owner: Record<string, unknown>, key: string) => void): unknown {
  const copy = structuredClone(body);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let owner = copy as Record<string, unknown>;
  for (const key of keys) owner = owner[key] as Record<string, unknown>;
  expect(owner).toHaveProperty([last]);
  change(owner, last);
  return copy;
}

const misspell = (owner: Record<string, unknown>, key: string) => {
  owner[`${key.slice(0, -1)}X`] = owner[key];
  delete owner[key];
};

async function put(target: AzureTarget, body: unknown, headers: Readonly<Record<string, string>> = {}, query = '') {
  const { subscriptionId, resourceGroup, endpoint } = target.config;
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Compute/virtualMachines/vm-1`;
  const response = await fetch(`${endpoint}${path}?${query || `api-version=${apiVersionOf('Microsoft.Compute')}`}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', 'if-none-match': '*', ...headers },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { readonly error?: { readonly code: string; readonly message: string } };
  return { status: response.status, code: answer.error?.code, message: answer.error?.message ?? '' };
}

describe('the end point refuses', () => {
  const nic = 'properties.networkProfile.networkInterfaceConfigurations.0';
  it.each([
    'location',
    'tags',
    'zones',
    'properties',
    'properties.hardwareProfile',
    'properties.hardwareProfile.vmSize',
    'properties.priority',
    'properties.evictionPolicy',
    'properties.billingProfile.maxPrice',
    'properties.storageProfile.imageReference.publisher',
    'properties.storageProfile.osDisk.deleteOption',
    'properties.storageProfile.osDisk.managedDisk.storageAccountType',
    'properties.storageProfile.osDisk.diskSizeGB',
    'properties.osProfile.computerName',
    'properties.osProfile.customData',
    'properties.osProfile.linuxConfiguration.disablePasswordAuthentication',
    'properties.osProfile.linuxConfiguration.ssh.publicKeys.0.keyData',
    'properties.networkProfile.networkApiVersion',
    `${nic}.name`,
    `${nic}.properties.deleteOption`,
    `${nic}.properties.networkSecurityGroup`,
    `${nic}.properties.ipConfigurations.0.properties.subnet`,
    `${nic}.properties.ipConfigurations.0.properties.publicIPAddressConfiguration.sku.tier`,
  ])('a misspelt %s', async (path) => {
    const body = await sentBody('spot');
    const target = await opened('machines');
    expect((await put(target, body)).status).toBe(201);
    const { status, message } = await put(target, changed(body, path, misspell));
    expect(status).toBe(400);
    expect(message).toContain(`${path.split('.').at(-1)?.slice(0, -1)}X`);
  });

  it.each<[what: string, path: string, value: unknown, code: string]>([
    ['a value that the enum has not', 'properties.priority', 'spot', 'InvalidRequestContent'],
    ['a number as text', 'properties.storageProfile.osDisk.diskSizeGB', '64', 'InvalidRequestContent'],
    ['a size that is not sold', 'properties.hardwareProfile.vmSize', 'm7g.xlarge', 'InvalidParameter'],
    ['a zone by its label', 'zones', ['westeurope-1'], 'InvalidAvailabilityZone'],
    ['a slash in the name of a tag', 'tags', { 'forescale.dev/pool': 'web' }, 'InvalidTagNameCharacters'],
    ['custom data that is not base64', 'properties.osProfile.customData', '#cloud-config', 'InvalidParameter'],
    ['a password login', 'properties.osProfile.linuxConfiguration', { ssh: {} }, 'InvalidParameter'],
    ['the admin', 'properties.osProfile.adminUsername', 'admin', 'InvalidParameter'],
    ['no network', 'properties.networkProfile', {}, 'InvalidParameter'],
    ['an eviction without spot', 'properties.priority', 'Regular', 'InvalidParameter'],
    ['no disk', 'properties.storageProfile', { imageReference: { id: '/x' } }, 'InvalidParameter'],
  ])('%s', async (_what, path, value, code) => {
    const body = await sentBody('spot');
    const target = await opened('machines');
    const refusal = await put(
      target,
      changed(body, path, (owner, key) => {
        owner[key] = value;
      }),
    );
    expect(refusal).toMatchObject({ status: 400, code });
    expect(target.endpoint.running()).toEqual([]);
  });

  it('no token, another version, an unknown parameter, another type of content, a missing location', async () => {
    const body = await sentBody('on_demand');
    const target = await opened('machines');
    expect((await put(target, body, { authorization: 'Bearer other' })).code).toBe('InvalidAuthenticationToken');
    expect((await put(target, body, {}, 'api-version=2015-06-15')).code).toBe('NoRegisteredProviderFound');
    expect((await put(target, body, {}, 'a=b')).code).toBe('MissingApiVersionParameter');
    const known = `api-version=${apiVersionOf('Microsoft.Compute')}`;
    expect((await put(target, body, {}, `${known}&$expand=all`)).code).toBe('InvalidQueryParameter');
    expect((await put(target, body, { 'content-type': 'text/plain' })).code).toBe('UnsupportedMediaType');
    expect((await put(target, body, { 'if-none-match': '"1"' })).code).toBe('InvalidHeaderValue');
    expect((await put(target, { ...body, location: null })).message).toContain("'VirtualMachine.location' is missing");
    expect((await put(target, body)).status).toBe(201);
    expect((await put(target, body)).status).toBe(412);
  });

  it('a misspelt size of a scale set and of a node pool, and what only Azure writes', () => {
    const set = (sku: unknown) => flawOf('Microsoft.Compute', 'VirtualMachineScaleSetUpdate', { sku });
    expect(set({ name: 'a', capacity: 3 })).toBeNull();
    expect(set({ name: 'a', capacty: 3 })).toContain("member 'capacty'");
    expect(set({ name: 'a', capacity: '3' })).toContain('not a number');
    const pool = (properties: unknown) => flawOf('Microsoft.ContainerService', 'AgentPool', { properties });
    expect(pool({ count: 3 })).toBeNull();
    expect(pool({ cuont: 3 })).toContain("member 'cuont'");
    expect(pool({ count: 3, eTag: 'x' })).toContain('read-only');
    const gone = (body: unknown) => flawOf('Microsoft.ContainerService', 'AgentPoolDeleteMachinesParameter', body);
    expect(gone({ machineNames: ['a'] })).toBeNull();
    expect(gone({ machineName: ['a'] })).toContain("member 'machineName'");
    expect(gone({})).toContain("'AgentPoolDeleteMachinesParameter.machineNames' is missing");
  });
});
