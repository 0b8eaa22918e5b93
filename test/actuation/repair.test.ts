import { expect, it, onTestFinished } from 'vitest';
import { World } from './world.ts';

it('a node whose kubelet is silent for 20 min is drained, deleted and terminated; its pods run on its replacement', async () => {
  // Twelve pods are three nodes.
  const world = await World.create(() => 12);
  onTestFinished(() => world.close());
  await world.minutes(6);
  const [name = ''] = (await world.names()).nodes;
  const status = {
    conditions: [
      { type: 'Ready', status: 'Unknown', lastTransitionTime: new Date(world.cluster.nowMs()).toISOString() },
    ],
  };
  expect(world.cluster.request('PATCH', `/api/v1/nodes/${name}/status`, { status }).status).toBe(200);
  await world.minutes(19);
  expect((await world.names()).nodes).toContain(name);
  expect(world.cluster.summary().pods).toMatchObject({ running: 12, pending: 0 });
  await world.minutes(30);
  const { machines, nodes } = await world.names();
  expect(nodes).not.toContain(name);
  expect(machines).toEqual(nodes);
  expect(nodes).toHaveLength(3);
  expect(world.cluster.summary().pods).toMatchObject({ running: 12, pending: 0, terminating: 0 });
});
