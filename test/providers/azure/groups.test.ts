import { describe, expect, it } from 'vitest';
import { CLUSTER, driven, failureOf, namesOf, pass, requestOf, signal } from '../driver.ts';
import type { Fleet } from './fleet.ts';
import { opened } from './opened.ts';
import type { AzureTarget, Mode } from './target.ts';

const MINUTE_MS = 60_000;
const [NAME = ''] = namesOf(1);

const raise = (target: AzureTarget, groupSize: number, offering = target.onDemand) =>
  driven(target, target.provider.create(requestOf(target, NAME, offering, { groupSize }), signal()));
const members = (target: AzureTarget) => driven(target, target.provider.list(CLUSTER, signal()));
const terminate = (target: AzureTarget, id: string) =>
  driven(target, target.provider.terminate(id, target.onDemand, signal()));
const trim = (target: AzureTarget, size: number) =>
  driven(target, target.provider.groups?.trim('base', target.onDemand, size, signal()) ?? Promise.resolve());
const baseOf = ({ endpoint: { cloud } }: AzureTarget) => (cloud.scaleSets[0] ?? cloud.agentPools[0]) as Fleet;
const sizesSet = ({ endpoint }: AzureTarget) =>
  endpoint.seen.filter((call) => /^(PATCH|PUT) .* 20\d$/.test(call)).length;

describe.each<Mode>(['uniform', 'flexible', 'aks'])('azure groups: %s', (mode) => {
  it('what others wrote in between is read again, and set', async () => {
    const target = await opened(mode);
    target.endpoint.cloud.meddling.push(() => baseOf(target).touch());
    await raise(target, 3);
    expect(target.endpoint.seen.some((call) => call.endsWith(' 412'))).toBe(true);
    expect(baseOf(target).capacity).toBe(3);
  });

  it('what others raised in between is left as it is', async () => {
    const target = await opened(mode);
    target.endpoint.cloud.meddling.push(() => baseOf(target).resize(4, target.clock.nowMs(), true));
    await raise(target, 3);
    expect(baseOf(target).capacity).toBe(4);
    expect(sizesSet(target)).toBe(0);
  });

  it('what is written without an end is given up', async () => {
    const target = await opened(mode);
    for (let i = 0; i < 9; i++) target.endpoint.cloud.meddling.push(() => baseOf(target).touch());
    expect(await failureOf(raise(target, 3))).toMatchObject({ errorClass: 'throttled', ambiguous: false });
    expect(target.endpoint.seen.filter((call) => call.endsWith(' 412'))).toHaveLength(5);
  });

  it('members that go together take as many from the size, however often it is asked', async () => {
    const target = await opened(mode);
    await raise(target, 5);
    pass(target, MINUTE_MS);
    const [first, second, third] = await members(target);
    const ids = [first, second, third].map((one) => one?.id ?? '');
    await Promise.all(ids.map((id) => terminate(target, id)));
    for (const id of ids) expect(await terminate(target, id)).toBe('terminating');
    expect(baseOf(target).capacity).toBe(2);
    // The first alone, the others together.
    expect(target.endpoint.seen.filter((call) => call.startsWith('POST'))).toHaveLength(2);
    pass(target, MINUTE_MS);
    for (const id of ids) expect(await terminate(target, id)).toBe('gone');
    expect(await members(target)).toHaveLength(2);
  });

  it('is trimmed to what is wanted, and never below what is there', async () => {
    const target = await opened(mode);
    await raise(target, 3);
    pass(target, MINUTE_MS);
    target.endpoint.sellOut(target.onDemand);
    await raise(target, 6);
    await trim(target, 7);
    expect(baseOf(target).capacity).toBe(6);
    await trim(target, 1);
    expect(baseOf(target).capacity).toBe(3);
    expect(await members(target)).toHaveLength(3);
  });

  it('spot is another group than on demand, and what no group makes is refused', async () => {
    const target = await opened(mode);
    const { provider, onDemand, spot } = target;
    expect(provider.groups?.groupOf(onDemand)).toBe('base');
    expect(spot && provider.groups?.groupOf(spot)).toBe('spot');
    for (const other of [{ zone: 'westeurope-2' }, { instanceType: 'Standard_D8s_v5' }]) {
      expect(provider.groups?.groupOf({ ...onDemand, ...other })).toBeNull();
      expect(await failureOf(raise(target, 1, { ...onDemand, ...other }))).toMatchObject({ errorClass: 'config' });
    }
  });

  it('members have an age, a node and an id as the cluster knows them', async () => {
    const target = await opened(mode);
    const sinceMs = target.clock.nowMs();
    await raise(target, 1);
    expect((await members(target)).map(({ state }) => state)).toEqual(['starting']);
    pass(target, MINUTE_MS);
    const [machine] = await members(target);
    expect(machine).toMatchObject({ state: 'running', nodeName: 'base000000', group: 'base', requestId: '' });
    expect(Math.abs((machine?.createdMs ?? 0) - sinceMs)).toBeLessThan(MINUTE_MS / 2);
    const inGroup = 'azure:///subscriptions/0a1b2c3d-0000-4000-8000-00000000000a/resourceGroups';
    expect(machine?.providerId).toBe(
      {
        uniform: `${inGroup}/nodes/providers/Microsoft.Compute/virtualMachineScaleSets/base/virtualMachines/0`,
        flexible: `${inGroup}/nodes/providers/Microsoft.Compute/virtualMachines/base000000`,
        aks: `${inGroup}/mc_nodes_shop_westeurope/providers/Microsoft.Compute/virtualMachineScaleSets/aks-base-12345678-vmss/virtualMachines/0`,
        machines: '',
      }[mode],
    );
  });
});

describe('azure groups', () => {
  it('a node pool that is busy is asked again later, and nothing is concluded', async () => {
    const target = await opened('aks');
    target.endpoint.cloud.busyMs = MINUTE_MS;
    await raise(target, 2);
    expect(await failureOf(raise(target, 3))).toMatchObject({ errorClass: 'throttled', ambiguous: false });
    const [member] = await members(target);
    expect(await failureOf(terminate(target, member?.id ?? ''))).toMatchObject({ errorClass: 'throttled' });
    pass(target, MINUTE_MS);
    await raise(target, 3);
    expect(baseOf(target).capacity).toBe(3);
  });

  it.each<[what: string, change: Partial<Fleet>, message: string]>([
    ['that AKS scales itself', { isAutoscaled: true }, 'agent pool base is scaled by AKS itself'],
    [
      'that switches machines off',
      { scaleDownMode: 'Deallocate' },
      'agent pool base keeps machines that are switched off (scaleDownMode)',
    ],
  ])('a node pool %s is refused', async (_what, change, message) => {
    const target = await opened('aks');
    Object.assign(baseOf(target), change);
    const error = await failureOf(raise(target, 2));
    expect(error).toMatchObject({ errorClass: 'config', message });
  });

  it('a scale set that had failed before anybody asked tries once more, and is heard then', async () => {
    const target = await opened('uniform');
    target.endpoint.sellOut(target.onDemand);
    await raise(target, 2);
    pass(target, MINUTE_MS);
    const request = requestOf(target, NAME, target.onDemand, { groupSize: 2 });
    const ask = () => driven(target, target.provider.create(request, signal()));
    expect((await ask()).failures).toEqual([]);
    expect(sizesSet(target)).toBe(2);
    expect((await ask()).failures.map(({ errorClass }) => errorClass)).toEqual(['capacity', 'capacity']);
    target.endpoint.cloud.soldOut.clear();
    pass(target, MINUTE_MS);
    expect((await raise(target, 2)).failures).toEqual([]);
    expect(await members(target)).toHaveLength(2);
  });

  it.each<Mode>(['uniform', 'aks'])('%s: what was of a group that is there no more is gone', async (mode) => {
    const target = await opened(mode);
    expect(await terminate(target, 'deleted/3')).toBe('gone');
    expect(await terminate(target, 'base/3')).toBe('gone');
  });

  it.each<Mode>(['uniform', 'machines'])(
    '%s: what only another mode can have made is not called gone',
    async (mode) => {
      const target = await opened(mode);
      const id = mode === 'machines' ? 'base/3' : NAME;
      expect(await failureOf(terminate(target, id))).toMatchObject({ errorClass: 'config' });
      expect(target.endpoint.seen).toEqual([]);
    },
  );

  it('a scale set that overprovisions is refused, and listed all the same', async () => {
    const target = await opened('uniform');
    await raise(target, 1);
    baseOf(target).overprovisions = true;
    expect(await failureOf(raise(target, 2))).toMatchObject({ errorClass: 'config' });
    expect(await members(target)).toHaveLength(1);
  });

  it.each<[Mode, Record<string, unknown>, string]>([
    ['uniform', { scale_sets: [{ name: 'gone', instance_type: 'Standard_D4s_v5' }] }, 'there is no scale set gone'],
    [
      'aks',
      { aks: { cluster: 'shop', agent_pools: [{ name: 'gone', instance_type: 'Standard_D4s_v5' }] } },
      'there is no agent pool gone',
    ],
  ])('%s: a group that is not there is named', async (mode, change, message) => {
    const target = await opened(mode, change);
    const error = await failureOf(raise(target, 1));
    expect(error).toMatchObject({ errorClass: 'config' });
    expect(error.message).toContain(message);
  });
});
