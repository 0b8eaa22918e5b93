import { ProviderError } from '@forescale/actuator/providers';
import { describe, expect, it } from 'vitest';
import { driven, failureOf, namesOf, pass, requestOf, signal } from '../driver.ts';
import { TOKEN } from './endpoint.ts';
import { opened } from './opened.ts';
import { sentBody } from './sent-body.ts';
import { JOIN_TOKEN, MACHINES } from './target.ts';

const [NAME = '', OTHER = ''] = namesOf(2);
const MINUTE_MS = 60_000;

describe('azure machines', () => {
  it('a spot machine is asked for as Azure wants it, and takes all that is its own with it', async () => {
    const body = await sentBody('spot');
    expect(body).toMatchObject({
      location: 'westeurope',
      zones: ['1'],
      tags: { 'forescale-pool': 'web', 'forescale-request': NAME, 'forescale-node': NAME },
      properties: {
        priority: 'Spot',
        evictionPolicy: 'Delete',
        billingProfile: { maxPrice: -1 },
        storageProfile: { osDisk: { createOption: 'FromImage', deleteOption: 'Delete' } },
        networkProfile: {
          networkInterfaceConfigurations: [
            {
              properties: {
                deleteOption: 'Delete',
                ipConfigurations: [
                  { properties: { publicIPAddressConfiguration: { properties: { deleteOption: 'Delete' } } } },
                ],
              },
            },
          ],
        },
      },
    });
    const { osProfile } = body.properties as { osProfile: { customData: string } };
    const userData = Buffer.from(osProfile.customData, 'base64').toString('utf8');
    expect(userData).toMatch(/^#cloud-config/);
    expect(userData).toContain(JOIN_TOKEN);
    expect(userData).toContain(`azure:///subscriptions/`);
    expect(userData).toContain(`/virtualMachines/${NAME}`);
  });

  it('a machine on demand has no price of its own', async () => {
    const { properties } = (await sentBody('on_demand')) as { properties: object };
    expect(properties).toMatchObject({ priority: 'Regular' });
    expect(properties).not.toHaveProperty('billingProfile');
  });

  it.each([
    ['Standard_D4ps_v5', { communityGalleryImageId: '/communityGalleries/arm/images/k3s/versions/latest' }],
    ['Standard_D4pls_v5', { communityGalleryImageId: '/communityGalleries/arm/images/k3s/versions/latest' }],
    ['Standard_D4s_v5', { publisher: 'Canonical', version: 'latest' }],
    ['Standard_F4s_v2', { publisher: 'Canonical', version: 'latest' }],
  ])('%s gets an image of its architecture', async (instanceType, image) => {
    const image_arm64 = '/communityGalleries/arm/images/k3s/versions/latest';
    const target = await opened('machines', { machines: { ...MACHINES, image_arm64 } });
    const request = requestOf(target, NAME, { ...target.onDemand, instanceType });
    await driven(target, target.provider.create(request, signal()));
    expect(target.endpoint.bodies[0]).toMatchObject({ properties: { storageProfile: { imageReference: image } } });
    // The image joins by itself.
    expect(target.endpoint.bodies[0]).not.toHaveProperty('properties.osProfile.customData');
  });

  it.each([
    ['on_demand', 'westeurope-1', 'ZonalAllocationFailed'],
    ['on_demand', '0', 'AllocationFailed'],
    ['spot', 'westeurope-1', 'OverconstrainedZonalAllocationRequest'],
  ] as const)('no room for %s in %s is told after the order was taken: the remains are deleted', async (...row) => {
    const [capacityType, zone, code] = row;
    const target = await opened('machines');
    const offering = { ...target.onDemand, capacityType, zone };
    target.endpoint.sellOut(offering);
    const request = requestOf(target, NAME, offering);
    const { machines, failures } = await driven(target, target.provider.create(request, signal()));
    expect(machines).toEqual([]);
    expect(failures[0]).toMatchObject({ errorClass: 'capacity', mark: { ms: 60 * MINUTE_MS } });
    expect(failures[0]?.message).toContain(code);
    expect(target.endpoint.seen.some((call) => call.startsWith('DELETE'))).toBe(true);
    pass(target, MINUTE_MS);
    expect(target.endpoint.running()).toEqual([]);
  });

  it('what fails inside of Azure is deleted too, and its repetition makes the machine', async () => {
    const target = await opened('machines');
    target.endpoint.cloud.failing.push({ code: 'InternalExecutionError', message: 'An internal error occurred.' });
    const create = () => driven(target, target.provider.create(requestOf(target, NAME), signal()));
    const { failures } = await create();
    expect(failures).toEqual([expect.objectContaining({ errorClass: 'transient', ambiguous: true })]);
    expect(await failureOf(create())).toMatchObject({ errorClass: 'conflict' });
    pass(target, MINUTE_MS);
    expect(target.endpoint.running()).toEqual([]);
    expect((await create()).machines).toHaveLength(1);
    expect(target.endpoint.running()).toEqual([NAME]);
  });

  it('no room that nobody was told of: its remains are no machine, and the next order of its kind hears of it', async () => {
    const target = await opened('machines');
    const { provider, endpoint, onDemand } = target;
    endpoint.sellOut(onDemand);
    // Accepted, and then the process dies.
    endpoint.fail('create', 'lost', 1);
    await failureOf(driven(target, provider.create(requestOf(target, NAME), signal())));
    pass(target, MINUTE_MS);
    const listed = () => driven(target, provider.list(requestOf(target, NAME).clusterTag, signal()));
    expect((await listed()).map(({ state }) => state)).toEqual(['terminating']);
    const next = () => driven(target, provider.create(requestOf(target, OTHER), signal()));
    const { failures } = await next();
    expect(failures[0]).toMatchObject({ errorClass: 'capacity' });
    // An hour from the first order on, not from now.
    expect(failures[0]?.mark?.ms).toBeGreaterThan(50 * MINUTE_MS);
    expect(failures[0]?.mark?.ms).toBeLessThanOrEqual(59 * MINUTE_MS);
    // Told once; whoever asks all the same is let through.
    endpoint.cloud.soldOut.clear();
    expect((await next()).machines).toHaveLength(1);
    // After a quarter of an hour they belong to nobody, for the sweep to take them.
    pass(target, 15 * MINUTE_MS);
    expect((await listed()).find(({ requestId }) => requestId === NAME)?.state).toBe('starting');
    expect(await driven(target, provider.terminate(NAME, target.onDemand, signal()))).toBe('terminating');
  });

  it('what has failed and runs all the same is a machine', async () => {
    const target = await opened('machines');
    const { provider, endpoint, onDemand } = target;
    endpoint.sellOut(onDemand);
    endpoint.fail('create', 'lost', 1);
    await failureOf(driven(target, provider.create(requestOf(target, NAME), signal())));
    const machine = endpoint.cloud.machine(NAME);
    if (machine) machine.isPowered = true;
    pass(target, MINUTE_MS);
    const { machines } = await driven(target, provider.create(requestOf(target, NAME), signal()));
    expect(machines).toHaveLength(1);
    expect((await driven(target, provider.find(NAME, onDemand, signal())))[0]?.state).toBe('running');
    expect(endpoint.seen.some((call) => call.startsWith('DELETE'))).toBe(false);
  });

  it("a name that is somebody else's is not adopted", async () => {
    const target = await opened('machines');
    const stranger = target.endpoint.addStranger();
    const error = await failureOf(driven(target, target.provider.create(requestOf(target, stranger), signal())));
    expect(error).toMatchObject({ errorClass: 'config', ambiguous: false });
    expect(await driven(target, target.provider.find(stranger, target.onDemand, signal()))).toEqual([]);
  });

  it('a resource group that is not there says nothing of the machines in it', async () => {
    const target = await opened('machines', { resource_group: 'other' });
    const { provider, onDemand } = target;
    for (const call of [
      () => provider.terminate(NAME, onDemand, signal()),
      () => provider.find(NAME, onDemand, signal()),
      () => provider.list('c', signal()),
    ])
      expect(await failureOf(driven<unknown>(target, call()))).toMatchObject({ errorClass: 'config' });
  });

  it('a link to another host is not followed', async () => {
    const target = await opened('machines');
    const { provider, endpoint } = target;
    endpoint.nextLink = 'https://example.org/next?api-version=1';
    endpoint.pageSize = 1;
    for (const name of [NAME, OTHER]) await driven(target, provider.create(requestOf(target, name), signal()));
    const error = await failureOf(driven(target, provider.list(requestOf(target, NAME).clusterTag, signal())));
    expect(error.message).toContain('another host');
  });

  it.each(['westeurope-10', 'eastus-1', 'zone-a'])('zone %s is refused before anything is sent', async (zone) => {
    const target = await opened('machines');
    const request = requestOf(target, NAME, { ...target.onDemand, zone });
    expect(await failureOf(driven(target, target.provider.create(request, signal())))).toMatchObject({
      errorClass: 'config',
    });
    expect(target.endpoint.seen).toEqual([]);
  });

  it('neither token is ever told, whatever Azure repeats', async () => {
    const target = await opened('machines');
    const { provider, endpoint } = target;
    endpoint.echoes = true;
    const errors = [await failureOf(driven(target, provider.create(requestOf(target, NAME), signal())))];
    endpoint.echoes = false;
    for (const fault of ['auth', 'reset', 'unavailable', 'quota'] as const) {
      endpoint.fail('create', fault, 1);
      errors.push(
        await failureOf(
          driven(target, provider.create(requestOf(target, NAME), signal())).then(({ failures }) => {
            throw failures[0];
          }),
        ),
      );
    }
    for (const error of errors) {
      expect(error).toBeInstanceOf(ProviderError);
      const told = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
      for (const secret of [TOKEN, JOIN_TOKEN, Buffer.from(JOIN_TOKEN).toString('base64').slice(4, -4)])
        expect(told).not.toContain(secret);
    }
    expect(errors[0]?.message).toContain('***');
  });
});
