import type { OfferingConfig } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { FakeCloud } from './fakes/fake-cloud.ts';
import { FakeGroups } from './fakes/fake-groups.ts';
import { testPool, World } from './fakes/world.ts';
import { guardedMachines } from './machines.ts';
import { mixedMachines } from './mixed-machines.ts';

/** Offering 0 is of cloud `x`, offering 1 of cloud `y`, 2 of the groups `z`. */
function mix() {
  const base = testPool();
  const [a, b] = base.offerings as [OfferingConfig, OfferingConfig];
  const offerings = [
    { ...a, provider: 'x' },
    { ...b, provider: 'y' },
    { ...b, provider: 'z' },
  ];
  const world = World.create({ ...base, offerings });
  const { clock } = world;
  const clouds = { x: new FakeCloud(clock), y: new FakeCloud(clock), z: new FakeGroups(clock) };
  const calls = {
    run: <T>(_: string, call: (signal: AbortSignal) => Promise<T>) => call(new AbortController().signal),
  };
  const machines = mixedMachines(
    new Map(
      Object.entries(clouds).map(([name, cloud]) => [
        name,
        guardedMachines(cloud, () => ({ ...calls, roomWithin: () => 1, breakerState: () => 0 })),
      ]),
    ),
  );
  const request = (name: string, offering: OfferingConfig) => ({
    ...{ requestId: name, token: name, nodeName: name, clusterTag: 'c', pool: 'web', offering },
    ...{ labels: {}, taints: [], createdMs: 0, groupSize: 1 },
  });
  const [x, y, z] = offerings as [OfferingConfig, OfferingConfig, OfferingConfig];
  return { world, ...clouds, machines, request, offerings: { x, y, z } };
}

describe('several providers as one', () => {
  it('each machine is bought, found and ended where it was sold, and ids of two are never alike', async () => {
    const { world, x, y, machines, request, offerings } = mix();
    const made = await world.driven(
      Promise.all([machines.create(request('a', offerings.x)), machines.create(request('b', offerings.y))]),
    );
    expect(made.flatMap((one) => one.machines.map(({ id, place }) => [id, place.provider]))).toEqual([
      ['x/m-1', 'x'],
      ['y/m-1', 'y'],
    ]);
    expect((await world.driven(machines.list('c'))).machines.map(({ id }) => id)).toEqual(['x/m-1', 'y/m-1']);
    expect(await world.driven(machines.find('b', offerings.y))).toMatchObject([{ id: 'y/m-1', requestId: 'b' }]);
    expect(await world.driven(machines.find('b', offerings.x))).toEqual([]);
    await world.driven(machines.terminate('y/m-1', offerings.y));
    expect([x.running.length, y.running.length]).toEqual([1, 0]);
  });

  it('groups keep their owner', async () => {
    const { world, z, machines, request, offerings } = mix();
    expect([machines.groupOf(offerings.x), machines.groupOf(offerings.z)]).toEqual([null, 'z/group-b']);
    await world.driven(machines.create({ ...request('c', offerings.z), groupSize: 2 }));
    expect(z.group('group-b').target).toBe(2);
    await world.driven(machines.trim('z/group-b', offerings.z, 1));
    expect(z.group('group-b').target).toBe(1);
  });

  it('a listing is of those who answer, and names the others', async () => {
    const { world, x, y, z, machines, request, offerings } = mix();
    await world.driven(machines.create(request('a', offerings.x)));
    y.fault = () => 'transient';
    const { machines: listed, silent } = await world.driven(machines.list('c'));
    expect([listed.map(({ id }) => id), [...silent.keys()]]).toEqual([['x/m-1'], ['y']]);
    x.fault = () => 'transient';
    z.fault = () => 'transient';
    await expect(world.driven(machines.list('c'))).rejects.toMatchObject({ errorClass: 'transient' });
  });

  it('notices are heeded of those who answer, and those of the others stay in force', async () => {
    const { world, x, y, z, machines } = mix();
    x.notices = [{ machineId: 'm-1', nodeName: 'a', kind: 'reclaim', atMs: 1 }];
    y.notices = [{ machineId: 'm-1', nodeName: 'b', kind: 'reclaim', atMs: 2 }];
    const told = async () => (await world.driven(machines.interruptions('c'))).map(({ machineId }) => machineId);
    expect(await told()).toEqual(['x/m-1', 'y/m-1']);
    x.notices = [];
    y.fault = () => 'transient';
    expect(await told()).toEqual(['y/m-1']);
    x.fault = () => 'transient';
    z.fault = () => 'transient';
    await expect(told()).rejects.toMatchObject({ errorClass: 'transient' });
  });

  it('what is left of a provider that the pool has no more says so', async () => {
    const { machines, request, offerings } = mix();
    const gone = { ...offerings.x, provider: 'w' };
    await expect(machines.create(request('a', gone))).rejects.toThrow('the pool has no provider "w" any more');
  });
});
