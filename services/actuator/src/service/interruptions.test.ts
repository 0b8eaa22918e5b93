import type { ClusterNode } from '@forescale/shared/domain';
import { subjects } from '@forescale/shared/wire';
import { describe, expect, it } from 'vitest';
import { MINUTE_MS, Scene } from './fakes/scene.ts';

const poolText = (rebalance: boolean) => `      mode: enforce\n      spot: { rebalance: ${rebalance} }`;

async function served(nodes: number, rebalance = false): Promise<Scene> {
  const scene = await Scene.create(poolText(rebalance));
  scene.load = 100 * nodes - 50;
  await scene.ticks(4);
  expect(scene.cluster.nodes.size).toBe(nodes);
  return scene;
}

function notice(scene: Scene, kind: 'reclaim' | 'rebalance', atMs: number): string {
  const [machine] = scene.cloud.running;
  if (!machine) throw new Error('no machine runs');
  scene.cloud.notices = [{ machineId: machine.id, nodeName: machine.nodeName, kind, atMs }];
  return machine.nodeName;
}

const drained = (scene: Scene) => [...scene.cluster.nodes.values()].filter((node) => node.unschedulable);

describe('actuator: a machine is taken back', () => {
  it('within one tick of the notice: replacement ordered elsewhere, node cordoned, pods asked to leave, all told', async () => {
    const scene = await served(3);
    const name = notice(scene, 'reclaim', scene.clock.nowMs() + 2 * MINUTE_MS);
    scene.cluster.addPod({ name: 'app', nodeName: name });
    const created = scene.cloud.createTimesMs.length;
    await scene.tick();
    expect(scene.cloud.createTimesMs.length - created).toBe(1);
    expect(scene.plan.actions.map(({ kind, target }) => `${kind} ${target}`)).toEqual([
      `drain ${name}`,
      // Zone a, whose machine is taken back, is marked.
      'create small b on_demand',
    ]);
    expect(drained(scene).map((node) => node.name)).toEqual([name]);
    expect(scene.cluster.pods.has('app')).toBe(false);
    expect(scene.nodeEvents).toContain('interrupted');
    expect(scene.cluster.events.map(({ reason }) => reason)).toContain('SpotInterrupted');
    await scene.ticks(4);
    expect(scene.cluster.nodes.has(name)).toBe(false);
    expect(scene.cluster.nodes.size).toBe(3);
  });

  it.each([
    ['paused', 'pause'],
    ['while another writer is seen', 'writer'],
  ])('%s: it is emptied all the same, since it goes anyway, and not replaced', async (_when, hold) => {
    const scene = await served(3);
    if (hold === 'pause') await scene.request({ pause: true, until: scene.until(60), by: 'ops', why: 'incident' });
    else scene.surroundings.facts = { ...scene.surroundings.facts, clusterAutoscaler: { updatedMs: null } };
    await scene.ticks(5);
    const name = notice(scene, 'reclaim', scene.clock.nowMs() + 3 * MINUTE_MS);
    for (const pod of ['app', 'held']) scene.cluster.addPod({ name: pod, nodeName: name });
    scene.cluster.budgeted.add('held');
    const created = scene.cloud.createTimesMs.length;
    await scene.tick();
    expect(drained(scene).map((node) => node.name)).toEqual([name]);
    expect(scene.cluster.pods.has('app')).toBe(false);
    scene.cluster.budgeted.delete('held');
    await scene.tick();
    expect(scene.cluster.pods.has('held')).toBe(false);
    await scene.ticks(3);
    expect(scene.cluster.nodes.has(name)).toBe(false);
    expect(drained(scene)).toEqual([]);
    expect(scene.cloud.createTimesMs).toHaveLength(created);
  });

  it('a budget holds its pods until just before the machine goes; then the node goes with them', async () => {
    const scene = await served(3);
    const name = notice(scene, 'reclaim', scene.clock.nowMs() + 2 * MINUTE_MS);
    scene.cluster.addPod({ name: 'held', nodeName: name });
    scene.cluster.budgeted.add('held');
    await scene.tick();
    expect(scene.cluster.pods.has('held')).toBe(true);
    await scene.ticks(2);
    expect(scene.cluster.nodes.has(name)).toBe(false);
    expect(scene.cloud.running.map(({ nodeName }) => nodeName)).not.toContain(name);
    expect(scene.cluster.deletedPods).toEqual(['held']);
  });

  it('before it is a Ready node: it is given up, and another ordered elsewhere in the same tick', async () => {
    const scene = await Scene.create(poolText(false));
    scene.load = 250;
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(3);
    const name = notice(scene, 'reclaim', scene.clock.nowMs() + MINUTE_MS / 2);
    await scene.tick();
    expect(scene.plan.actions.map(({ kind, target }) => `${kind} ${target}`)).toEqual([
      `cancel-start ${name}`,
      'create small b on_demand',
    ]);
    expect(scene.cloud.running).toHaveLength(3);
    expect(scene.cloud.running.map(({ nodeName }) => nodeName)).not.toContain(name);
    scene.cloud.notices = [];
    await scene.ticks(3);
    expect(scene.cluster.nodes.size).toBe(3);
  });

  it('one that is told of again and again is told once, and replaced once', async () => {
    const scene = await served(3);
    notice(scene, 'reclaim', scene.clock.nowMs() + 5 * MINUTE_MS);
    await scene.ticks(3);
    expect(scene.nodeEvents.filter((event) => event === 'interrupted')).toHaveLength(1);
    expect(scene.cloud.madeByToken.size).toBe(4);
  });

  it('paused: nothing is done about it', async () => {
    const scene = await served(3);
    await scene.bus.request(
      subjects.override('web'),
      new TextEncoder().encode(JSON.stringify({ pause: true, until: scene.until(30), by: 'ops', why: 'x' })),
      1_000,
    );
    notice(scene, 'reclaim', scene.clock.nowMs() + 2 * MINUTE_MS);
    await scene.ticks(2);
    expect(scene.cloud.madeByToken.size).toBe(3);
    expect(drained(scene)).toEqual([]);
  });
});

describe('actuator: a Node says itself that its machine goes', () => {
  const taint = (key: string) => ({ key, value: '', effect: 'NoSchedule' as const });
  function change(scene: Scene, change: Partial<ClusterNode>): string {
    const [node] = [...scene.cluster.nodes.values()];
    if (!node) throw new Error('no node is there');
    scene.cluster.nodes.set(node.name, { ...node, ...change });
    return node.name;
  }

  it('by the taint of a termination handler: as by a notice, also where the provider cannot be asked', async () => {
    const scene = await served(3);
    scene.cloud.fault = (call) => (call === 'interruptions' ? 'auth' : null);
    const name = change(scene, { unschedulable: true, taints: [taint('aws-node-termination-handler/spot-itn')] });
    scene.cluster.addPod({ name: 'app', nodeName: name });
    await scene.tick();
    expect(scene.plan.actions.map(({ kind, target }) => `${kind} ${target}`)).toEqual([
      `drain ${name}`,
      'create small b on_demand',
    ]);
    expect(scene.cluster.pods.has('app')).toBe(false);
    expect(scene.nodeEvents).toContain('interrupted');
    await scene.ticks(4);
    expect(scene.cluster.nodes.has(name)).toBe(false);
    expect(scene.cluster.nodes.size).toBe(3);
  });

  it('that it is at risk: its replacement is ordered ahead where the pool wants to hear of it', async () => {
    const scene = await served(3, true);
    const name = change(scene, { taints: [taint('aws-node-termination-handler/rebalance-recommendation')] });
    await scene.ticks(30);
    expect(scene.cloud.madeByToken.size).toBe(4);
    expect(scene.cluster.nodes.has(name)).toBe(true);
    expect(drained(scene)).toEqual([]);
  });

  it('a node that Forescale has not made stays, whatever it says', async () => {
    const scene = await served(3);
    scene.cluster.addNode({ name: 'foreign', taints: [taint('aws-node-termination-handler/spot-itn')] });
    await scene.ticks(5);
    expect(scene.cluster.nodes.get('foreign')?.unschedulable).toBe(false);
    expect(scene.nodeEvents).not.toContain('interrupted');
  });
});

describe('actuator: a machine is at risk', () => {
  it('where the pool wants to hear of it, one replacement is ordered ahead, and the node serves on', async () => {
    const scene = await served(3, true);
    const name = notice(scene, 'rebalance', scene.clock.nowMs());
    await scene.ticks(30);
    expect(scene.cloud.madeByToken.size).toBe(4);
    expect(scene.cluster.nodes.has(name)).toBe(true);
    expect(drained(scene)).toEqual([]);
    expect(scene.nodeEvents).not.toContain('interrupted');
    // Then it is taken back in earnest: nothing more has to be ordered.
    notice(scene, 'reclaim', scene.clock.nowMs() + 2 * MINUTE_MS);
    await scene.ticks(4);
    expect(scene.cluster.nodes.has(name)).toBe(false);
    expect(scene.cloud.madeByToken.size).toBe(4);
  });

  it('is remembered over a restart: no second one is ordered', async () => {
    const scene = await served(3, true);
    notice(scene, 'rebalance', scene.clock.nowMs());
    await scene.ticks(2);
    await scene.start(poolText(true));
    await scene.ticks(20);
    expect(scene.cloud.madeByToken.size).toBe(4);
  });

  it('else nothing is done', async () => {
    const scene = await served(3);
    notice(scene, 'rebalance', scene.clock.nowMs());
    await scene.ticks(20);
    expect(scene.cloud.madeByToken.size).toBe(3);
  });
});
