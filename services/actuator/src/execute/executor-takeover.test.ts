import { POOL_LABEL } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { MINUTE_MS, World } from './fakes/world.ts';
import { firstName, namesInCloud, recordedNames, ticks, withNodes } from './fakes/world-steps.ts';

describe('execute: beside another that has taken over', () => {
  const step = (world: World, executor: World['executor']) =>
    world.driven(
      world.cluster
        .read(world.clock.nowMs())
        .then((cluster) => executor.settle('cluster-1', cluster, 'all', world.clock.nowMs())),
    );

  it('a node that it closed again, for a drain that the other took back, is opened again', async () => {
    const world = await withNodes(2);
    const name = firstName(world);
    world.cluster.addPod({ name: 'web-1', nodeName: name });
    world.cluster.budgeted.add('web-1');
    world.desired = 1;
    await world.tick();
    const stale = world.executor;
    world.start();
    world.desired = 2;
    await world.tick(() => [{ kind: 'cancel-drain', nodeName: name, why: 'wanted again' }]);
    expect(world.cluster.nodes.get(name)?.unschedulable).toBe(false);
    await step(world, stale);
    await ticks(world, 3);
    expect(world.cluster.nodes.get(name)).toMatchObject({
      unschedulable: false,
      taints: [],
      labels: { [POOL_LABEL]: 'web' },
    });
  });

  it('an intent that it left behind is found by the other, and given up in its time', async () => {
    const world = await withNodes(1);
    const [record] = world.executor.records;
    const stray = { ...record, requestId: 'stray', nodeName: 'stray', state: 'intended', machineIds: [] };
    await world.state.put('node.web.stray', new TextEncoder().encode(JSON.stringify(stray)));
    world.cloud.fault = (call) => (call === 'create' ? 'conflict' : null);
    await ticks(world, 24);
    expect(await world.state.keys('node.')).toEqual([`node.web.${firstName(world)}`]);
  });

  it('an intent that is taken up cannot be taken back any more by the process that wrote it', async () => {
    const world = World.create();
    world.desired = 1;
    world.cloud.fault = (call) => (call === 'create' ? 'transient' : null);
    await world.tick();
    const key = `node.web.${firstName(world)}`;
    const { revision } = (await world.state.get(key)) ?? { revision: 0 };
    const outcomes: Promise<string>[] = [];
    world.cloud.fault = (call) => {
      if (call === 'create')
        outcomes.push(
          world.state.delete(key, revision).then(
            () => 'taken back',
            () => 'kept',
          ),
        );
      return null;
    };
    await world.tick();
    expect(await Promise.all(outcomes)).toEqual(['kept']);
    expect(recordedNames(world)).toEqual(namesInCloud(world));
  });

  it('an intent that the other has written late, and could not take back, is found and settled', async () => {
    const world = await withNodes(1);
    const [known] = world.executor.records;
    const late = { ...known, requestId: 'web-late', nodeName: 'web-late', state: 'intended', machineIds: [] };
    const createdMs = world.clock.nowMs() - 20 * MINUTE_MS;
    await world.state.put('node.web.web-late', new TextEncoder().encode(JSON.stringify({ ...late, createdMs })));
    await ticks(world, 10);
    expect(await world.state.keys('node.web.')).toHaveLength(1);
  });

  it('it does not ask again for a machine that the other has given up', async () => {
    const world = World.create();
    world.cloud.fault = (call) => (call === 'create' ? 'conflict' : null);
    await world.tick(() => [{ kind: 'create', offering: world.offering(), count: 1, why: 'wanted' }]);
    const stale = world.executor;
    world.start();
    await world.tick((executor) => [
      { kind: 'cancel-start', requestId: executor.records[0]?.requestId ?? '', why: 'not wanted' },
    ]);
    await ticks(world, 3);
    expect(world.executor.records).toEqual([]);
    world.cloud.fault = () => null;
    await step(world, stale);
    expect(world.cloud.madeByToken.size).toBe(0);
  });
});
