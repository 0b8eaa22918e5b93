import { POOL_LABEL } from '@forescale/shared/config';
import { describe, expect, it } from 'vitest';
import { MINUTE_MS, Scene } from './fakes/scene.ts';

const told = (scene: Scene) => scene.cluster.events.map(({ reason }) => reason);
const managed = (scene: Scene) =>
  scene.cluster.addNode({ name: 'ip-1', labels: { [POOL_LABEL]: 'web', 'eks.amazonaws.com/nodegroup': 'main' } });

describe('actuator: a single writer', () => {
  it('a pool whose nodes are of a managed group only observes, and says so in plan, readiness and event', async () => {
    const scene = await Scene.create();
    managed(scene);
    scene.load = 350;
    await scene.ticks(3);
    expect(scene.cloud.createTimesMs).toEqual([]);
    const text =
      'its nodes have another writer, an EKS node group (node ip-1 has label eks.amazonaws.com/nodegroup=main): ' +
      'nothing new begins; a selector for nodes of its own, or single_writer: ignore, lets it act; a provider of kind ' +
      'buffer asks the owner for room instead';
    expect(scene.plan).toMatchObject({ mode: 'observe', desired: 4 });
    expect(scene.plan.reasons[0]).toEqual({ code: 'other-writer', text });
    expect((await scene.readiness.report()).reasons).toEqual({ 'single writer of pool web': text });
    // Once each: the load is the same at all three ticks.
    expect(told(scene)).toEqual(['OtherWriter', 'WouldScaleUp']);
    expect(scene.cluster.events[0]).toMatchObject({ type: 'Warning', message: `pool web: ${text}` });
  });

  it('does not touch what it made before', async () => {
    const scene = await Scene.create();
    scene.load = 950;
    await scene.ticks(4);
    expect(scene.cloud.running).toHaveLength(10);
    scene.surroundings.facts = {
      ...scene.surroundings.facts,
      deployments: [{ kind: 'cluster-autoscaler', namespace: 'kube-system', name: 'cluster-autoscaler' }],
    };
    scene.load = 50;
    await scene.ticks(60);
    expect(scene.cloud.running).toHaveLength(10);
    expect([...scene.cluster.nodes.values()].some((node) => node.unschedulable)).toBe(false);
    expect(scene.plan.reasons[0]?.code).toBe('other-writer');
  });

  it('takes back what it was about to empty, and finishes what was going already', async () => {
    const scene = await Scene.create();
    scene.load = 350;
    await scene.ticks(4);
    const [budgeted] = scene.cloud.running.map(({ nodeName }) => nodeName);
    for (const { nodeName } of scene.cloud.running) scene.cluster.addPod({ name: `db-${nodeName}`, nodeName });
    for (const { nodeName } of scene.cloud.running) scene.cluster.budgeted.add(`db-${nodeName}`);
    scene.load = 50;
    const cordoned = () => [...scene.cluster.nodes.values()].filter((node) => node.unschedulable).length;
    for (let i = 0; i < 60 && cordoned() === 0; i++) await scene.tick();
    expect(cordoned()).toBeGreaterThan(0);
    scene.surroundings.facts = {
      ...scene.surroundings.facts,
      deployments: [{ kind: 'cluster-autoscaler', namespace: 'kube-system', name: 'cluster-autoscaler' }],
    };
    await scene.ticks(6);
    expect(scene.plan.reasons[0]?.code).toBe('other-writer');
    expect(cordoned()).toBe(0);
    expect(scene.cluster.nodes.has(budgeted as string)).toBe(true);
  });

  it('acts again a quarter of an hour after the last sign, and says so', async () => {
    const scene = await Scene.create();
    managed(scene);
    await scene.ticks(2);
    scene.cluster.nodes.delete('ip-1');
    await scene.ticks(14);
    expect(scene.cloud.createTimesMs).toEqual([]);
    await scene.ticks(2);
    expect(scene.cloud.running).toHaveLength(2);
    expect(scene.plan.mode).toBe('enforce');
    expect(told(scene)).toContain('SingleWriter');
    expect(await scene.readiness.report()).toEqual({ ready: true, reasons: {} });
  });

  it('looks for other autoscalers at the start and every five minutes, not at every tick', async () => {
    const scene = await Scene.create();
    await scene.ticks(11);
    expect(scene.surroundings.looks).toBe(3);
    scene.surroundings.facts = { ...scene.surroundings.facts, clusterAutoscaler: { updatedMs: scene.clock.nowMs() } };
    const startedMs = scene.clock.nowMs();
    while (scene.plan.mode === 'enforce') await scene.tick();
    expect(scene.clock.nowMs() - startedMs).toBeLessThanOrEqual(6 * MINUTE_MS);
  });

  it('begins nothing before other autoscalers could be looked for, a quarter of an hour at most', async () => {
    const scene = await Scene.create();
    const unread = [{ part: 'deployments', text: 'Deployments: HTTP 500', isRefused: false }] as const;
    scene.surroundings.facts = { ...scene.surroundings.facts, unread };
    await scene.ticks(15);
    expect(scene.cloud.createTimesMs).toEqual([]);
    const text = 'whether its nodes have another writer is not known yet: Deployments: HTTP 500';
    expect(scene.plan.reasons[0]).toEqual({ code: 'other-writer', text });
    expect((await scene.readiness.report()).reasons).toEqual({ 'single writer of pool web': text });
    await scene.tick();
    expect(scene.cloud.running).toHaveLength(2);
    managed(scene);
    await scene.tick();
    expect(scene.plan.mode).toBe('observe');
  });

  it('acts all the same where it is told to', async () => {
    const scene = await Scene.create('      mode: enforce\n      single_writer: ignore');
    managed(scene);
    scene.load = 350;
    await scene.ticks(3);
    expect(scene.cloud.running).toHaveLength(3);
    expect(await scene.readiness.report()).toEqual({ ready: true, reasons: {} });
  });

  it('that it was seen lately is known to the process that comes next, and told once', async () => {
    const scene = await Scene.create();
    scene.addNode('ip-1');
    const tainted = scene.cluster.nodes.get('ip-1');
    if (!tainted) throw new Error('the node is there');
    const value = String(scene.clock.nowMs() / 1_000);
    const taint = { key: 'ToBeDeletedByClusterAutoscaler', value, effect: 'NoSchedule' as const };
    scene.cluster.nodes.set('ip-1', { ...tainted, taints: [taint] });
    await scene.tick();
    // The taint came and went; then another process takes over.
    scene.cluster.nodes.set('ip-1', tainted);
    await scene.ticks(2);
    await scene.start('      mode: enforce');
    scene.load = 350;
    await scene.ticks(5);
    expect(scene.cloud.createTimesMs).toEqual([]);
    expect(scene.plan.reasons[0]?.code).toBe('other-writer');
    expect(told(scene).filter((reason) => reason === 'OtherWriter')).toHaveLength(1);
    await scene.ticks(12);
    expect(scene.cloud.createTimesMs.length).toBeGreaterThan(0);
    expect(told(scene)).toContain('SingleWriter');
  });
});
