import { describe, expect, it } from 'vitest';
import { MINUTE_MS, Scene } from './fakes/scene.ts';

/** The kubelet of a node falls silent; its machine runs on. */
function silence(scene: Scene, name: string): void {
  turn(scene, name, false);
}

function recover(scene: Scene, name: string): void {
  turn(scene, name, true);
}

function turn(scene: Scene, name: string, ready: boolean): void {
  const node = scene.cluster.nodes.get(name);
  if (!node) throw new Error(`there is no node ${name}`);
  scene.cluster.nodes.set(name, { ...node, ready, readyChangedMs: scene.clock.nowMs() });
}

async function served(nodes: number, pool?: string): Promise<{ readonly scene: Scene; readonly names: string[] }> {
  const scene = await Scene.create(pool);
  scene.load = 100 * nodes - 50;
  await scene.ticks(4);
  const names = [...scene.cluster.nodes.keys()];
  expect(names).toHaveLength(nodes);
  return { scene, names };
}

const isThere = (scene: Scene, name: string) => scene.cluster.nodes.has(name);
const machineNames = (scene: Scene) => scene.cloud.running.map(({ nodeName }) => nodeName);

describe('actuator: repair', () => {
  it('a node that falls silent is replaced at once, and taken away with its machine after 20 min', async () => {
    const { scene, names } = await served(4);
    const [name = ''] = names;
    scene.cluster.addPod({ name: 'stuck', nodeName: name, ownerKind: null });
    silence(scene, name);
    await scene.ticks(3);
    expect(scene.cloud.running).toHaveLength(5);
    await scene.ticks(16);
    expect(isThere(scene, name)).toBe(true);
    await scene.ticks(4);
    expect(isThere(scene, name)).toBe(false);
    expect(machineNames(scene)).not.toContain(name);
    expect(scene.cloud.running).toHaveLength(4);
    const decisions = scene.actuator.pools(scene.clock.nowMs())[0]?.decisions ?? [];
    expect(decisions[0]).toMatchObject({ kind: 'drain', target: name });
    expect(decisions[0]?.why).toMatch(/^not Ready for 20m.*, its machine is replaced$/);
  });

  it('a pod under a budget that never yields holds it up for the grace of a drain, no longer', async () => {
    const { scene, names } = await served(4);
    const [name = ''] = names;
    scene.cluster.addPod({ name: 'held', nodeName: name });
    scene.cluster.budgeted.add('held');
    silence(scene, name);
    await scene.ticks(25);
    expect(isThere(scene, name)).toBe(true);
    await scene.ticks(10);
    expect(isThere(scene, name)).toBe(false);
    expect(scene.cluster.deletedPods).toEqual(['held']);
  });

  it('one that comes back while its pods are asked to leave serves again, and what its budget protects stays', async () => {
    const { scene, names } = await served(4);
    const [name = ''] = names;
    scene.cluster.addPod({ name: 'held', nodeName: name });
    scene.cluster.budgeted.add('held');
    silence(scene, name);
    await scene.ticks(22);
    expect(scene.cluster.nodes.get(name)?.unschedulable).toBe(true);
    recover(scene, name);
    await scene.tick();
    expect(scene.cluster.nodes.get(name)).toMatchObject({ unschedulable: false, taints: [] });
    await scene.ticks(15);
    expect(scene.cluster.pods.has('held')).toBe(true);
    expect(scene.cluster.deletedPods).toEqual([]);
  });

  it('one that comes back while its machine is taken back goes all the same', async () => {
    const { scene, names } = await served(4);
    const [name = ''] = names;
    scene.cluster.addPod({ name: 'held', nodeName: name });
    scene.cluster.budgeted.add('held');
    silence(scene, name);
    await scene.ticks(22);
    const machine = scene.cloud.running.find(({ nodeName }) => nodeName === name);
    const atMs = scene.clock.nowMs() + 2 * MINUTE_MS;
    scene.cloud.notices = [{ machineId: machine?.id ?? '', nodeName: name, kind: 'reclaim', atMs }];
    recover(scene, name);
    await scene.ticks(4);
    expect(isThere(scene, name)).toBe(false);
  });

  it('two of ten go one after the other; with three nothing is done, and the plan says why', async () => {
    const { scene, names } = await served(10);
    const two = names.slice(0, 2);
    for (const name of two) silence(scene, name);
    await scene.ticks(19);
    const atOnce: number[] = [];
    for (let minute = 0; minute < 8; minute++) {
      await scene.tick();
      atOnce.push(two.filter((name) => isThere(scene, name)).length);
    }
    expect([...new Set(atOnce)]).toEqual([2, 1, 0]);

    const three = [...scene.cluster.nodes.keys()].slice(0, 3);
    for (const name of three) silence(scene, name);
    await scene.ticks(40);
    expect(three.every((name) => isThere(scene, name))).toBe(true);
    expect(scene.plan.reasons.find(({ code }) => code === 'hold-repair')?.text).toContain(
      '3 of 13 nodes of the pool are not Ready, which is more than 20 %',
    );
  });

  it('one that comes back in time stays', async () => {
    const { scene, names } = await served(4);
    const [name = ''] = names;
    silence(scene, name);
    await scene.ticks(18);
    recover(scene, name);
    await scene.ticks(5);
    expect(isThere(scene, name)).toBe(true);
  });

  it.each([
    ['that Forescale has not created', (scene: Scene) => scene.addNode('theirs')],
    [
      'of the control plane',
      (scene: Scene, name: string) => change(scene, name, { labels: { 'node-role.kubernetes.io/control-plane': '' } }),
    ],
    [
      'that somebody has cordoned to look at',
      (scene: Scene, name: string) => change(scene, name, { unschedulable: true }),
    ],
    [
      'that must not be disrupted',
      (scene: Scene, name: string) => change(scene, name, { annotations: { 'karpenter.sh/do-not-disrupt': 'true' } }),
    ],
  ])('never one %s', async (_what, prepare) => {
    const { scene, names } = await served(4);
    const [own = ''] = names;
    prepare(scene, own);
    const name = isThere(scene, 'theirs') ? 'theirs' : own;
    silence(scene, name);
    await scene.ticks(60);
    expect(isThere(scene, name)).toBe(true);
  });

  it('not where it is not enabled, and in mode observe it only says so', async () => {
    const { scene, names } = await served(4, '      mode: enforce\n      repair: { enabled: false }');
    silence(scene, names[0] ?? '');
    await scene.ticks(60);
    expect(isThere(scene, names[0] ?? '')).toBe(true);
    const observed = await Scene.create('      mode: observe');
    for (const name of ['a', 'b', 'c']) observed.addNode(name, observed.clock.nowMs() - 60 * MINUTE_MS);
    observed.load = 150;
    silence(observed, 'a');
    await observed.ticks(22);
    expect(observed.plan.actions.map(({ kind, target }) => [kind, target])).toEqual([['drain', 'a']]);
    expect(isThere(observed, 'a')).toBe(true);
  });
});

function change(scene: Scene, name: string, change: object): void {
  const node = scene.cluster.nodes.get(name);
  if (node) scene.cluster.nodes.set(name, { ...node, ...change });
}
