import { describe, expect, it } from 'vitest';
import type { Order } from './executor.ts';
import { FakeCloud } from './fakes/fake-cloud.ts';
import { FakeGroups } from './fakes/fake-groups.ts';
import { MINUTE_MS, World } from './fakes/world.ts';
import type { NodeRecord } from './record.ts';

type GroupWorld = World<FakeGroups>;
const GROUP = 'group-a';

const worldOfGroups = () => {
  const clock = World.clock();
  return new World(clock, new FakeGroups(clock));
};
const ticks = async (world: { tick: () => Promise<void> }, count: number) => {
  for (let i = 0; i < count; i++) await world.tick();
};
const group = (world: GroupWorld) => world.cloud.group(GROUP);
const size = (world: GroupWorld) => ({ target: group(world).target, members: group(world).members.size });
const states = (world: GroupWorld) => world.executor.records.map(({ state, nodeName }) => `${state} ${nodeName}`);

describe('execute: nodes of groups', () => {
  it('a group is raised to what is wanted, and its members serve the requests under the names that they get', async () => {
    const world = worldOfGroups();
    world.desired = 5;
    await ticks(world, 4);
    expect(size(world)).toEqual({ target: 5, members: 5 });
    expect(states(world).sort()).toEqual([1, 2, 3, 4, 5].map((i) => `ready node-g-${i}`));
    const told = Map.groupBy(world.events, ({ event }) => event);
    expect([...told].map(([event, all]) => [event, all.length])).toEqual([
      ['requested', 5],
      ['launched', 5],
      ['registered', 5],
      ['ready', 5],
    ]);
    expect(told.get('launched')?.every(({ seconds }) => seconds === 20)).toBe(true);
  });

  it('a node that leaves is this member of its group, whose size falls with it', async () => {
    const world = worldOfGroups();
    world.desired = 4;
    await ticks(world, 4);
    const [first] = states(world);
    world.desired = 3;
    await ticks(world, 4);
    expect(size(world)).toEqual({ target: 3, members: 3 });
    expect(states(world)).not.toContain(first);
    expect(states(world).every((one) => one.startsWith('ready'))).toBe(true);
  });

  it.each(['lost', 'transient', 'throttled'] as const)(
    'a size that was set with an answer that was %s is set again, and nothing is made twice',
    async (fault) => {
      const world = worldOfGroups();
      let left = 1;
      world.cloud.fault = (call) => (call === 'create' && left-- > 0 ? fault : null);
      world.desired = 3;
      await ticks(world, 6);
      expect(world.cloud.made).toHaveLength(3);
      expect(states(world).filter((one) => one.startsWith('ready'))).toHaveLength(3);
    },
  );

  it('a process that takes over says since when its group may have been raised', async () => {
    const world = worldOfGroups();
    const sinceMs: number[] = [];
    world.cloud.fault = (call, request) => {
      if (request) sinceMs.push(request.createdMs);
      return call === 'create' ? 'transient' : null;
    };
    world.desired = 1;
    const beganMs = world.clock.nowMs();
    await ticks(world, 1);
    world.start();
    world.desired = 2;
    await ticks(world, 1);
    expect(sinceMs).toEqual([beganMs, beganMs]);
  });

  it('a pause that comes before its size is set leaves it as it is; after it the same machines are asked for', async () => {
    const world = worldOfGroups();
    world.desired = 3;
    world.mayBegin = () => false;
    await ticks(world, 2);
    expect(size(world)).toEqual({ target: 0, members: 0 });
    expect(world.failures).toEqual([]);
    world.mayBegin = () => true;
    await ticks(world, 4);
    expect(world.cloud.made).toHaveLength(3);
    expect(states(world).filter((one) => one.startsWith('ready'))).toHaveLength(3);
  });

  it('what a group cannot deliver is given up, the newest first, and asked for no longer', async () => {
    const world = worldOfGroups();
    group(world).available = 2;
    const order = (count: number) => () => [
      { kind: 'create' as const, offering: world.offering(), count, why: 'wanted' },
    ];
    await world.tick(order(2));
    await world.tick(order(3));
    const late = world.executor.records.slice(2).map(({ requestId }) => requestId);
    for (let i = 0; i < 6; i++) await world.tick(() => []);
    expect(world.failures.map(({ stage, errorClass }) => `${stage} ${errorClass}`)).toEqual([
      'create capacity',
      'create capacity',
      'create capacity',
    ]);
    const gaveUp = world.events.filter(({ event }) => event === 'failed').map(({ record }) => record.requestId);
    expect(gaveUp.sort()).toEqual(late.sort());
    expect(size(world)).toEqual({ target: 2, members: 2 });
    expect(states(world)).toEqual(['ready node-g-1', 'ready node-g-2']);
  });

  it('a refusal gives all up that it is about', async () => {
    const world = worldOfGroups();
    world.cloud.fault = (call) => (call === 'create' ? 'quota' : null);
    world.desired = 3;
    await world.tick();
    expect(world.failures.map(({ errorClass }) => errorClass)).toEqual(['quota', 'quota', 'quota']);
    expect(world.executor.records).toEqual([]);
  });

  it('a refusal that cannot be written down is told, and what was asked for is not forgotten', async () => {
    const world = worldOfGroups();
    world.cloud.fault = (call) => {
      world.state.away = call === 'create';
      return call === 'create' ? 'quota' : null;
    };
    const orders = (): Order[] => [{ kind: 'create', offering: world.offering(), count: 2, why: 'wanted' }];
    const nowMs = world.clock.nowMs();
    const cluster = await world.cluster.read(nowMs);
    await world.executor.settle('cluster-1', cluster, 'all', nowMs);
    await world.driven(world.executor.perform('cluster-1', orders(), 1, cluster, 'all', nowMs));
    expect(world.executor.takeNews().troubles).toEqual([
      'group group-a: the answer cannot be written down: the bucket is away',
    ]);
    world.state.away = false;
    world.cloud.fault = () => null;
    for (let i = 0; i < 4; i++) await world.tick(() => []);
    expect(states(world)).toEqual(['ready node-g-1', 'ready node-g-2']);
  });

  it('a member that comes when its request was given up goes with it', async () => {
    const world = worldOfGroups();
    group(world).available = 0;
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 1, why: 'wanted' }]);
    world.cloud.fault = (call) => (call === 'trim' ? 'transient' : null);
    for (let i = 0; i < 2; i++) await world.tick(() => []);
    expect(world.executor.records.map(({ state }) => state)).toEqual(['removing']);
    group(world).available = 1;
    for (let i = 0; i < 3; i++) await world.tick(() => []);
    expect(world.cloud.made).toHaveLength(1);
    expect(size(world)).toEqual({ target: 0, members: 0 });
    expect(world.executor.records).toEqual([]);
  });

  it('one that is shown late and serves by then stays, though its request was given up', async () => {
    const world = worldOfGroups();
    world.cloud.fault = (call) => (call === 'list' ? 'transient' : null);
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 2, why: 'wanted' }]);
    const minutes = world.pool.registrationTimeoutMs / MINUTE_MS + 2;
    for (let i = 0; i < minutes; i++) await world.tick(() => []);
    expect(world.executor.records.map(({ state }) => state)).toEqual(['removing', 'removing']);
    world.cloud.fault = () => null;
    for (let i = 0; i < 6; i++) await world.tick(() => []);
    expect(size(world)).toEqual({ target: 2, members: 2 });
    expect(states(world)).toEqual(['ready node-g-1', 'ready node-g-2']);
  });

  it('the Node of one that goes with its request goes as well', async () => {
    const world = worldOfGroups();
    group(world).available = 0;
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 1, why: 'wanted' }]);
    world.cloud.fault = (call) => (call === 'trim' ? 'transient' : null);
    for (let i = 0; i < 2; i++) await world.tick(() => []);
    group(world).available = 1;
    const [machine] = world.cloud.running;
    world.cluster.addNode({ name: 'early', providerId: machine?.providerId ?? '', ready: false });
    for (let i = 0; i < 3; i++) await world.tick(() => []);
    expect(world.executor.records).toEqual([]);
    expect([...world.cluster.nodes.keys()]).toEqual([]);
  });

  it('a provider may tell of times more finely than the journal keeps them', async () => {
    const world = worldOfGroups();
    group(world).available = 0;
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 1, why: 'wanted' }]);
    world.cloud.addMember(GROUP, world.clock.nowMs() - 0.5);
    await world.tick(() => []);
    expect(world.troubles).toEqual([]);
    expect(states(world)).toEqual([expect.stringMatching(/^requested /)]);
  });

  it('nodes of a group that sells their kind no longer are not counted in the one that does', async () => {
    const world = worldOfGroups();
    world.desired = 3;
    await ticks(world, 4);
    world.cloud.groupOf = () => 'group-new';
    world.start();
    world.desired = 4;
    await ticks(world, 4);
    expect([world.cloud.group('group-new').target, size(world)]).toEqual([1, { target: 3, members: 3 }]);
    world.desired = 2;
    await ticks(world, 12);
    expect([world.cloud.group('group-new').target, size(world).target]).toEqual([1, 1]);
    expect(world.cloud.made).toHaveLength(4);
  });

  it('a machine that was made by itself is not counted in the group that sells its kind now', async () => {
    const world = worldOfGroups();
    world.desired = 2;
    await ticks(world, 4);
    const rewrite = async (change: Partial<NodeRecord>) => {
      const [record] = world.executor.records;
      const bytes = new TextEncoder().encode(JSON.stringify({ ...record, group: undefined, ...change }));
      await world.state.put(`node.web.${change.requestId ?? record?.requestId}`, bytes);
    };
    const single = { requestId: 'single', nodeName: 'single', machineIds: ['m-9'], providerId: 'fake://m-9' };
    await rewrite(single);
    // As of a version that did not note groups yet.
    await rewrite({});
    world.cluster.addNode({ name: 'single', providerId: 'fake://m-9' });
    world.start();
    world.desired = 4;
    await world.tick();
    expect(size(world)).toEqual({ target: 3, members: 3 });
  });

  it('another provider that is away keeps no member from its request', async () => {
    const world = worldOfGroups();
    const away = new FakeCloud(world.clock);
    away.fault = () => 'transient';
    world.beside = { away };
    world.nameProvider('groups');
    world.desired = 3;
    await ticks(world, 5);
    expect(states(world)).toEqual(['ready node-g-1', 'ready node-g-2', 'ready node-g-3']);
    const nowMs = world.clock.nowMs() + 5 * MINUTE_MS;
    expect(await world.driven(world.executor.look('cluster-1', nowMs))).toEqual({
      ok: false,
      reason: 'away: list: transient',
    });
  });

  it('what is not listed while its provider is away is not missing', async () => {
    const world = worldOfGroups();
    world.beside = { other: new FakeCloud(world.clock) };
    world.nameProvider('groups');
    world.neverRegisters = () => true;
    world.desired = 1;
    await ticks(world, 2);
    expect(world.executor.records.map(({ state }) => state)).toEqual(['requested']);
    world.cloud.fault = (call) => (call === 'list' ? 'transient' : null);
    await ticks(world, 12);
    expect(world.failures).toEqual([]);
    expect(world.troubles).toEqual([]);
  });

  it('members that serve already are taken over by the name of their Node, also before anything is ordered', async () => {
    const world = worldOfGroups();
    group(world).target = 2;
    await world.tick(() => []);
    await world.tick(() => []);
    world.start();
    await world.tick(() => []);
    expect(states(world)).toEqual(['ready node-g-1', 'ready node-g-2']);
    expect(world.troubles).toEqual([]);
  });

  it('members that serve already are taken over; one that nobody knows goes after its grace', async () => {
    const world = worldOfGroups();
    group(world).target = 3;
    world.clock.advanceTo(world.clock.nowMs() + 5 * MINUTE_MS);
    for (const machine of world.cloud.running.slice(0, 2)) {
      const { id, providerId, createdMs } = machine;
      world.cluster.addNode({ name: `node-${id}`, providerId, createdMs, readyChangedMs: createdMs });
    }
    world.neverRegisters = () => true;
    world.desired = 2;
    await ticks(world, 40);
    expect(states(world)).toEqual(['ready node-g-1', 'ready node-g-2']);
    expect(size(world)).toEqual({ target: 2, members: 2 });
    expect(world.cloud.made).toHaveLength(3);
  });

  it('an order that is taken back is no longer made', async () => {
    const world = worldOfGroups();
    group(world).available = 0;
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 2, why: 'wanted' }]);
    world.cloud.fault = (call) => (call === 'create' ? 'transient' : null);
    await world.tick(({ records: [first] }) => [
      { kind: 'cancel-start', requestId: first?.requestId ?? '', why: 'no need' },
    ]);
    await world.tick(() => []);
    expect(size(world)).toEqual({ target: 1, members: 0 });
    expect(world.executor.records.map(({ state }) => state).sort()).toEqual(['intended', 'removing']);
  });

  it('a size that was set for nobody is taken back', async () => {
    const world = worldOfGroups();
    world.desired = 1;
    await ticks(world, 3);
    group(world).available = 0;
    group(world).target = 4;
    await ticks(world, 6);
    expect(size(world)).toEqual({ target: 1, members: 1 });
  });

  it('a process that dies at any step leaves no member behind, and none too many', async () => {
    for (let killAt = 1; killAt <= 60; killAt++) {
      const world = worldOfGroups();
      world.start(killAt);
      world.desired = 3;
      await ticks(world, 5);
      world.desired = 2;
      await ticks(world, 8);
      expect({ killAt, made: world.cloud.made.length, ...size(world) }).toEqual({
        ...{ killAt, made: 3, target: 2, members: 2 },
      });
      expect(states(world).every((one) => one.startsWith('ready'))).toBe(true);
    }
  });
});
