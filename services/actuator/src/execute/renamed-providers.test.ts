import { expect, it } from 'vitest';
import { FakeGroups } from './fakes/fake-groups.ts';
import { World } from './fakes/world.ts';
import { namesInCloud, recordedNames, ticks } from './fakes/world-steps.ts';

const CHANGES = [
  ['becomes one of several', '', 'first'],
  ['is the only one from now on', 'first', ''],
  ['gets another name', 'first', 'second'],
] as const;

it.each(CHANGES)('where the provider of a pool %s, its nodes stay its own', async (_what, before, after) => {
  const world = World.create();
  world.nameProvider(before);
  world.desired = 3;
  await ticks(world, 4);
  const names = namesInCloud(world);
  world.nameProvider(after);
  await ticks(world, 40);
  expect(namesInCloud(world)).toEqual(names);
  expect(recordedNames(world)).toEqual(names);
  expect(world.troubles).toEqual([]);
  world.desired = 2;
  await ticks(world, 4);
  expect(recordedNames(world)).toEqual(namesInCloud(world));
  expect(namesInCloud(world)).toHaveLength(2);
});

it.each(CHANGES)('where the provider of a pool %s, members of groups stay its own', async (_what, before, after) => {
  const clock = World.clock();
  const world = new World(clock, new FakeGroups(clock));
  world.nameProvider(before);
  world.desired = 3;
  await ticks(world, 4);
  world.nameProvider(after);
  await ticks(world, 40);
  expect(world.cloud.made).toHaveLength(3);
  expect(world.cloud.running).toHaveLength(3);
  expect(world.executor.records.map(({ state }) => state)).toEqual(['ready', 'ready', 'ready']);
  expect(world.troubles).toEqual([]);
});

it('a request that was under way is gone on with under the new name', async () => {
  const world = World.create();
  world.cloud.fault = (call) => (call === 'create' ? 'lost' : call === 'find' ? 'transient' : null);
  world.desired = 1;
  await world.tick();
  world.cloud.fault = () => null;
  world.nameProvider('first');
  await ticks(world, 4);
  expect(world.cloud.madeByToken.size).toBe(1);
  expect(world.executor.records.map(({ state, offering }) => [state, offering.provider])).toEqual([['ready', 'first']]);
});
