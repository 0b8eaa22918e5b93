import { afterEach, describe, expect, it } from 'vitest';
import { CLUSTER, driven, failureOf, namesOf, pass, requestOf, signal } from '../driver.ts';
import type { ManagedGroup } from './managed-groups.ts';
import { type GcpTarget, ON_DEMAND, openNodePool, openRegionalGroup, openZonalGroup, SPOT } from './target.ts';

const MINUTE_MS = 60_000;
const [NAME = ''] = namesOf(1);
const opened: GcpTarget[] = [];
afterEach(async () => {
  for (const target of opened.splice(0)) await target.close();
});

async function open(how: () => Promise<GcpTarget>): Promise<{ target: GcpTarget; group: ManagedGroup }> {
  const target = await how();
  opened.push(target);
  const [group] = target.endpoint.groups.values();
  if (!group) throw new Error('no group');
  return { target, group };
}

const raise = (target: GcpTarget, groupSize: number) =>
  driven(target, target.provider.create(requestOf(target, NAME, ON_DEMAND, { groupSize }), signal()));
const list = (target: GcpTarget) => driven(target, target.provider.list(CLUSTER, signal()));
const trim = (target: GcpTarget, size: number) => {
  const group = target.provider.groups?.groupOf(ON_DEMAND) ?? '';
  return driven(target, target.provider.groups?.trim(group, ON_DEMAND, size, signal()) ?? Promise.resolve());
};

describe('gcp groups: which one sells an offering', () => {
  it.each([
    ['of a zone', openZonalGroup, 'us-central1-a/web', null],
    ['of a region', openRegionalGroup, 'us-central1/web', 'us-central1/web'],
    ['a node pool', openNodePool, 'us-central1/prod/web/us-central1-a', 'us-central1/prod/web/us-central1-b'],
  ])('%s', async (_what, how, here, next) => {
    const { target } = await open(how);
    const groupOf = (change: object) => target.provider.groups?.groupOf({ ...ON_DEMAND, ...change });
    expect(groupOf({})).toBe(here);
    expect(groupOf({ zone: 'us-central1-b' })).toBe(next);
    expect(groupOf({ instanceType: 'n2-standard-8' })).toBeNull();
    expect(groupOf({ capacityType: 'spot' })).toBeNull();
    expect(groupOf({ region: 'europe-west4', zone: 'europe-west4-a' })).toBeNull();
  });

  it('what none sells is refused', async () => {
    const { target } = await open(openZonalGroup);
    const request = requestOf(target, NAME, SPOT);
    expect(await failureOf(target.provider.create(request, signal()))).toMatchObject({
      ...{ errorClass: 'config', message: 'no group sells e2-standard-4 (spot) in us-central1-a' },
    });
  });
});

describe('gcp groups: taking back what has not come', () => {
  it('ends no member, though a group that is told a smaller size would', async () => {
    const { target, group } = await open(openZonalGroup);
    await raise(target, 2);
    pass(target, 5 * MINUTE_MS);
    const before = await list(target);
    target.endpoint.sellOut(ON_DEMAND);
    await raise(target, 6);
    pass(target, MINUTE_MS);
    await trim(target, 4);
    expect(group.targetSize).toBe(4);
    await trim(target, 0);
    expect(group.targetSize).toBe(2);
    pass(target, 5 * MINUTE_MS);
    expect(await list(target)).toEqual(before);
    // The end point's group would have let the oldest go.
    group.resize(1, target.clock.nowMs());
    pass(target, MINUTE_MS);
    expect((await list(target)).map(({ id }) => id)).toEqual([before[1]?.id]);
  });

  it('what has no name yet is taken back by the size', async () => {
    const { target, group } = await open(openZonalGroup);
    await raise(target, 1);
    pass(target, 5 * MINUTE_MS);
    group.isSlow = true;
    await raise(target, 5);
    await trim(target, 3);
    expect(group.targetSize).toBe(3);
    expect(await list(target)).toHaveLength(1);
  });

  it('does nothing where the group is not larger', async () => {
    const { target, group } = await open(openZonalGroup);
    await raise(target, 2);
    pass(target, 5 * MINUTE_MS);
    await trim(target, 5);
    expect(group.targetSize).toBe(2);
  });
});

describe('gcp groups: members', () => {
  it('are asked about once: what they are does not change', async () => {
    const { target } = await open(openZonalGroup);
    await raise(target, 3);
    pass(target, 5 * MINUTE_MS);
    const first = await list(target);
    target.endpoint.operations.clear();
    expect(await list(target)).toEqual(first);
    expect([...target.endpoint.operations]).toEqual(['compute.instanceGroupManagers.get']);
    expect(first.map(({ nodeName, pool, requestId }) => [nodeName, pool, requestId])).toEqual([
      ...[0, 1, 2].map((i) => [`web-000${i}`, '', '']),
    ]);
  });

  it('that no listing shows are asked about one by one', async () => {
    const { target } = await open(openZonalGroup);
    await raise(target, 3);
    pass(target, 5 * MINUTE_MS);
    target.endpoint.hidesFromLists = true;
    expect(await list(target)).toHaveLength(3);
  });

  it('that somebody ended are made again by the group: other machines of the same name', async () => {
    const { target } = await open(openZonalGroup);
    await raise(target, 1);
    pass(target, 5 * MINUTE_MS);
    const [before] = await list(target);
    target.endpoint.cloud.delete('us-central1-a', before?.nodeName ?? '', target.clock.nowMs());
    pass(target, 5 * MINUTE_MS);
    const [after] = await list(target);
    expect(after?.id).toBe(before?.id);
    expect(after?.createdMs).toBeGreaterThan(before?.createdMs ?? Number.POSITIVE_INFINITY);
  });

  it('that go are not ended twice, which would make the group smaller twice', async () => {
    const { target, group } = await open(openNodePool);
    await raise(target, 3);
    pass(target, 5 * MINUTE_MS);
    const [first] = await list(target);
    const end = () => target.provider.terminate(first?.id ?? '', ON_DEMAND, signal());
    expect(await driven(target, Promise.all([end(), end(), end()]))).toEqual(Array(3).fill('terminating'));
    expect(group.targetSize).toBe(2);
    expect((await list(target)).map(({ state }) => state)).toContain('terminating');
  });
});

describe('gcp groups: calls that fail half-way', () => {
  it('a size that was set stays asked for, though nothing more could be read', async () => {
    const { target, group } = await open(openZonalGroup);
    target.endpoint.failWith('compute.instanceGroupManagers.listErrors', 'auth');
    expect(await failureOf(raise(target, 2))).toMatchObject({ errorClass: 'auth', ambiguous: true });
    expect(group.targetSize).toBe(2);
    target.endpoint.failWith('compute.instanceGroupManagers.listErrors', 'auth');
    expect(await failureOf(raise(target, 2))).toMatchObject({ errorClass: 'auth', ambiguous: false });
  });

  it('a machine of no group is not gone since no group has its name', async () => {
    const { target } = await open(openZonalGroup);
    const error = await failureOf(target.provider.terminate('us-central1-a/web-x1y2', ON_DEMAND, signal()));
    expect(error).toMatchObject({ errorClass: 'config', message: expect.stringContaining('no member of a group') });
  });

  it('members of a group that is there no more are gone', async () => {
    const { target, group } = await open(openZonalGroup);
    await raise(target, 1);
    pass(target, 5 * MINUTE_MS);
    const [member] = await list(target);
    target.endpoint.groups.delete(group.key);
    expect(await driven(target, target.provider.terminate(member?.id ?? '', ON_DEMAND, signal()))).toBe('gone');
    expect(await failureOf(list(target))).toMatchObject({ errorClass: 'config' });
  });
});

describe('gcp groups: that somebody else scales', () => {
  it('are refused where they have an autoscaler of their own', async () => {
    const { target, group } = await open(openZonalGroup);
    group.autoscaler = 'https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/autoscalers/web';
    expect(await failureOf(raise(target, 2))).toMatchObject({ errorClass: 'config', ambiguous: false });
    expect(group.targetSize).toBe(0);
  });

  it('and where GKE scales the node pool', async () => {
    const { target, group } = await open(openNodePool);
    const pool = target.endpoint.nodePools.get('web');
    if (!pool) throw new Error('no pool');
    pool.isAutoscaled = true;
    const error = await failureOf(raise(target, 2));
    expect(error.message).toBe('node pool us-central1/prod/web: GKE scales it itself; allowed: without autoscaling');
    expect(group.targetSize).toBe(0);
    expect(await list(target)).toEqual([]);
  });
});
