import { describe, expect, it } from 'vitest';
import { MINUTE_MS } from './fakes/world.ts';
import { firstName, namesInCloud, recordedNames, ticks, withNodes } from './fakes/world-steps.ts';

describe('execute: nodes go', () => {
  it('cordons, evicts, deletes the Node and terminates the machine, in that order and each verified', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cluster.addPod({ name: 'a', nodeName: name });
    world.cluster.addPod({ name: 'ds', nodeName: name, ownerKind: 'DaemonSet' });
    world.desired = 1;
    await world.tick();
    expect(world.cluster.nodes.get(name)).toMatchObject({
      unschedulable: true,
      labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'true' },
      taints: [{ key: 'forescale.dev/draining' }],
    });
    expect(world.cluster.pods.has('a')).toBe(false);
    expect(namesInCloud(world)).toContain(name);
    await ticks(world, 2);
    expect(world.cluster.nodes.has(name)).toBe(false);
    expect(namesInCloud(world)).not.toContain(name);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
    expect(world.events.map((event) => event.event).slice(-2)).toEqual(['draining', 'removed']);
  });

  it('a pod that the scheduler bound while the node was cordoned is evicted too', async () => {
    const world = await withNodes(1);
    const name = firstName(world);
    world.desired = 0;
    await world.tick();
    world.cluster.addPod({ name: 'late', nodeName: name });
    await world.tick();
    expect(world.cluster.nodes.has(name)).toBe(true);
    expect(world.cluster.pods.has('late')).toBe(false);
    await world.tick();
    expect(world.cluster.nodes.has(name)).toBe(false);
    expect(world.cluster.deletedPods).toEqual([]);
  });

  it.each([
    ['a bare pod', { ownerKind: null }, 'has no controller that would restart it'],
    [
      'one that must not be disrupted',
      { annotations: { 'karpenter.sh/do-not-disrupt': 'true' } },
      'must not be disrupted',
    ],
    ['one that keeps data on the node', { localStorage: true }, 'keeps data on the node'],
  ])('%s that came while the node was cordoned ends the drain', async (_what, pod, why) => {
    const world = await withNodes(1);
    const name = firstName(world);
    world.desired = 0;
    await world.tick();
    world.cluster.addPod({ name: 'late', nodeName: name, ...pod });
    await world.tick(() => []);
    expect(world.cluster.pods.has('late')).toBe(true);
    expect(world.cluster.nodes.get(name)?.unschedulable).toBe(false);
    expect(world.executor.records[0]?.state).toBe('ready');
    expect(world.failures.map(({ stage, message }) => [stage, message])).toEqual([
      ['drain', `pod default/late ${why}`],
    ]);
  });

  it('the same pod does not hold up a node whose machine is taken back', async () => {
    const world = await withNodes(2);
    const machineId = world.executor.records[0]?.machineIds[0] ?? '';
    const name = firstName(world);
    world.cluster.addPod({ name: 'bare', nodeName: name, ownerKind: null });
    world.cloud.notices = [{ machineId, nodeName: name, kind: 'reclaim', atMs: world.clock.nowMs() + 2 * MINUTE_MS }];
    await ticks(world, 2);
    expect(world.cluster.pods.has('bare')).toBe(false);
  });

  it('a pod under a budget is asked again every tick, and leaves when the budget lets it', async () => {
    const world = await withNodes(1);
    world.cluster.addPod({ name: 'db', nodeName: firstName(world) });
    world.cluster.budgeted.add('db');
    world.desired = 0;
    await ticks(world, 4);
    expect(world.cluster.pods.has('db')).toBe(true);
    expect(world.executor.records[0]?.state).toBe('draining');
    world.cluster.budgeted.clear();
    await ticks(world, 3);
    expect(world.executor.records).toEqual([]);
    expect(world.cluster.deletedPods).toEqual([]);
  });

  it('a budget that never yields ends the drain: the node serves again, and planning hears of it', async () => {
    const world = await withNodes(1);
    const name = firstName(world);
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db');
    world.desired = 0;
    await ticks(world, 11);
    expect(world.failures.map((failure) => [failure.stage, failure.nodeName])).toEqual([['drain', name]]);
    expect(world.cluster.nodes.get(name)).toMatchObject({ unschedulable: false, labels: {}, taints: [] } as object);
    expect(world.cluster.pods.has('db')).toBe(true);
  });

  it('a drain is taken back', async () => {
    const world = await withNodes(1);
    const name = firstName(world);
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db');
    world.desired = 0;
    await world.tick();
    await world.tick(() => [{ kind: 'cancel-drain', nodeName: name, why: 'needed again' }]);
    expect(world.executor.records[0]?.state).toBe('ready');
    expect(world.cluster.nodes.get(name)?.unschedulable).toBe(false);
  });

  it('paused: an unfinished drain rests, a node that is on its way out goes', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db');
    world.desired = 1;
    await world.tick();
    world.cluster.budgeted.clear();
    world.permission = 'finish';
    await ticks(world, 2);
    expect(world.cluster.pods.has('db')).toBe(true);
    world.permission = 'all';
    world.cloud.terminationMs = 3 * MINUTE_MS;
    await ticks(world, 2);
    world.permission = 'finish';
    await ticks(world, 4);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
    expect(world.executor.records).toHaveLength(1);
  });

  it('a drain whose deadline passed during a pause gives its node back without evicting anybody', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cluster.addPod({ name: 'web-1', nodeName: name });
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db').add('web-1');
    world.desired = 1;
    await world.tick();
    world.permission = 'finish';
    await ticks(world, Math.ceil(world.pool.scaleDown.drainGraceMs / MINUTE_MS) + 1);
    world.cluster.budgeted.delete('web-1');
    world.permission = 'all';
    world.desired = 2;
    await world.tick();
    expect(world.cluster.pods.has('web-1')).toBe(true);
    expect(world.cluster.nodes.get(name)).toMatchObject({ unschedulable: false, taints: [] });
    expect(world.failures.map(({ stage, message }) => `${stage}: ${message}`)).toEqual([
      'drain: not emptied by its deadline: default/web-1, default/db',
    ]);
  });

  it('withdrawn: drains are taken back, removals and starts that came to nothing are finished, nothing begins', async () => {
    const world = await withNodes(3);
    const [drained, removed, kept] = recordedNames(world);
    world.cluster.addPod({ name: 'db', nodeName: drained as string });
    world.cluster.budgeted.add('db');
    world.cloud.terminationMs = 3 * MINUTE_MS;
    await world.tick(() =>
      [drained, removed].map((nodeName) => ({ kind: 'drain', nodeName: nodeName as string, why: 'x', force: false })),
    );
    world.neverRegisters = () => true;
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 1, why: 'wanted' }]);
    expect(world.executor.records.map(({ state }) => state).sort()).toEqual([
      'draining',
      'ready',
      'removing',
      'requested',
    ]);
    world.permission = 'withdraw';
    world.desired = 9;
    await world.tick();
    expect(world.cluster.nodes.get(drained as string)).toMatchObject({ unschedulable: false, taints: [] });
    expect(world.cluster.pods.has('db')).toBe(true);
    await ticks(world, 20);
    expect(recordedNames(world)).toEqual([drained, kept].sort());
    expect(namesInCloud(world)).toEqual([drained, kept].sort());
    expect(world.executor.records.map(({ state }) => state)).toEqual(['ready', 'ready']);
  });

  it('a reclaimed machine is emptied at once, replaced, and its Node and stranded pods are cleared away', async () => {
    const world = await withNodes(2);
    const record = world.executor.records[0];
    const name = firstName(world);
    const machineId = record?.machineIds[0] as string;
    world.cluster.addPod({ name: 'web-1', nodeName: name });
    world.cluster.addPod({ name: 'db', nodeName: name });
    world.cluster.budgeted.add('db');
    const atMs = world.clock.nowMs() + 2 * MINUTE_MS;
    world.cloud.notices = [{ machineId, nodeName: name, kind: 'reclaim', atMs }];
    await world.tick();
    expect(world.cluster.pods.has('web-1')).toBe(false);
    expect(world.events.filter((event) => event.event === 'interrupted')).toHaveLength(1);
    expect(world.failures.map((failure) => failure.stage)).toEqual(['interrupted']);
    expect(world.cloud.running).toHaveLength(3);
    await world.tick();
    world.cloud.reclaim(machineId);
    await ticks(world, 3);
    expect(world.cluster.nodes.has(name)).toBe(false);
    expect(world.cluster.pods.has('db')).toBe(false);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a provider that tells of times in fractions of a millisecond leaves a journal that can be read', async () => {
    const world = await withNodes(2);
    const [first, second] = world.executor.records.map((record) => record.machineIds[0] as string);
    const lost = world.cloud.machines.get(second as string);
    if (lost) world.cloud.machines.set(lost.id, { ...lost, createdMs: lost.createdMs + 0.5 });
    world.state.lose();
    world.start();
    const atMs = world.clock.nowMs() + 2 * MINUTE_MS + 0.25;
    world.cloud.notices = [{ machineId: first as string, nodeName: firstName(world), kind: 'reclaim', atMs }];
    await ticks(world, 2);
    world.start();
    await world.tick();
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('a node whose machine vanished is deleted, and replaced', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cloud.reclaim(world.executor.records[0]?.machineIds[0] as string);
    await ticks(world, 6);
    expect(world.cluster.nodes.has(name)).toBe(false);
    expect(world.executor.records.filter((record) => record.state === 'ready')).toHaveLength(2);
  });
});
