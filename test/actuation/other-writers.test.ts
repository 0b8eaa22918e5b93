import { afterEach, describe, expect, it } from 'vitest';
import { World } from './world.ts';

const open: World[] = [];
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

/** Twelve pods are three nodes, from one. */
async function created(): Promise<World> {
  const world = await World.create(() => 12, {}, { initialNodes: 1 });
  open.push(world);
  return world;
}

function addNodePool(world: World, name: string, labels: Readonly<Record<string, string>>): void {
  const body = { metadata: { name }, spec: { template: { metadata: { labels } } } };
  expect(world.cluster.request('POST', '/apis/karpenter.sh/v1/nodepools', body).status).toBe(201);
}

describe('actuation beside another autoscaler, over HTTP', () => {
  it('Cluster Autoscaler writes its status: nothing is created until it has stopped', async () => {
    const world = await created();
    const path = '/api/v1/namespaces/kube-system/configmaps';
    const key = 'cluster-autoscaler.kubernetes.io/last-updated';
    const written = new Date(world.cluster.nowMs()).toISOString().replace('T', ' ').replace('Z', ' +0000 UTC');
    world.cluster.request('POST', path, {
      metadata: { name: 'cluster-autoscaler-status', annotations: { [key]: written } },
    });
    await world.minutes(10);
    expect((await world.names()).machines).toHaveLength(1);
    expect(Object.keys((await world.readiness.report()).reasons)).toEqual(['single writer of pool web']);
    // Its last status is a quarter of an hour old, and its last sign another one.
    await world.minutes(30);
    expect((await world.names()).nodes).toHaveLength(3);
    expect(await world.readiness.report()).toEqual({ ready: true, reasons: {} });
  });

  it('Karpenter makes other nodes: the pool is ours; it would make these: it is not', async () => {
    const world = await created();
    addNodePool(world, 'db', { role: 'db' });
    await world.minutes(10);
    expect((await world.names()).nodes).toHaveLength(3);
    const other = await created();
    addNodePool(other, 'web', { 'forescale.dev/pool': 'web' });
    await other.minutes(10);
    expect((await other.names()).nodes).toHaveLength(1);
  });
});
