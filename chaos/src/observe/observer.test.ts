import type { Machine } from '@forescale/simulator/cloud';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import { describe, expect, it } from 'vitest';
import { SeenObjects } from '../ports/kube.ts';
import { createCluster, POOL, pool } from '../world/scenario.ts';
import { Workload } from '../world/workload.ts';
import { Observer } from './observer.ts';

const MINUTE_MS = 60_000;

/** A cluster and an observer of it; the tests do what an actuator must not. */
class Scene {
  readonly cluster: SimulatedCluster = createCluster(1);
  readonly observer = new Observer(
    this.cluster,
    new SeenObjects(),
    () => this.load,
    () => undefined,
  );
  load = 1_000;
  #made = 0;

  constructor() {
    new Workload(this.cluster, 150);
    this.pass(2 * MINUTE_MS);
  }

  pass(ms: number): void {
    this.cluster.step(this.cluster.nowMs() + ms);
  }

  create(change: { readonly requestId?: string; readonly nodeName?: string } = {}, isHeldBack = false): Machine {
    const name = `n-${++this.#made}`;
    const { instanceType, region, zone, capacityType } = pool.offerings[0] ?? {};
    if (!instanceType || !region || !zone || !capacityType) throw new Error('the pool has no offering');
    const machine = this.cluster.cloud.create({
      token: name,
      requestId: name,
      nodeName: name,
      clusterTag: this.cluster.clusterId,
      pool: POOL,
      labels: {},
      taints: [],
      offering: { instanceType, region, zone, capacityType },
      ...change,
    });
    this.observer.created(machine, isHeldBack);
    return machine;
  }

  get found(): string[] {
    return this.observer.findings.map(({ kind }) => kind);
  }

  get busyNode(): string {
    return 'web-initial-0';
  }

  get podName(): string {
    for (const pod of this.cluster.objects('pods'))
      if (pod.spec.nodeName === this.busyNode && pod.metadata.labels?.app === 'front') return pod.metadata.name;
    throw new Error('no pod runs there');
  }

  machineOf(nodeName: string): string {
    return this.observer.machines().find((one) => one.nodeName === nodeName)?.id ?? '';
  }
}

describe('chaos observer', () => {
  it('nothing wrong, nothing found', () => {
    const scene = new Scene();
    scene.create();
    scene.create();
    expect(scene.found).toEqual([]);
  });

  it.each(['requestId', 'nodeName'] as const)('two machines of one %s are duplicates', (key) => {
    const scene = new Scene();
    scene.create({ [key]: 'same' });
    scene.create({ [key]: 'same' });
    expect(scene.found).toEqual(['duplicates']);
  });

  it('many machines more than the load asks for were ordered twice', () => {
    const scene = new Scene();
    scene.load = 200;
    scene.create();
    scene.create();
    expect(scene.found).toEqual([]);
    scene.create();
    expect(scene.found).toEqual(['duplicates']);
  });

  it('one machine more than the max breaks the bound; what has begun to go does not count', () => {
    const scene = new Scene();
    const first = scene.create();
    for (let i = 0; i < 5; i++) scene.create();
    expect(scene.found).toEqual([]);
    scene.observer.terminateAsked(first.id);
    scene.create();
    expect(scene.found).toEqual([]);
    scene.create();
    expect(scene.found).toEqual(['bound_breaks']);
  });

  it('a call that was begun before its process was held may make one too many, but none twice', () => {
    const scene = new Scene();
    scene.load = 200;
    for (let i = 0; i < 2; i++) scene.create();
    for (let i = 0; i < 5; i++) scene.create({}, true);
    expect(scene.found).toEqual([]);
    const { requestId } = scene.create({}, true);
    scene.create({ requestId }, true);
    expect(scene.found).toEqual(['duplicates']);
  });

  it('a pod that is deleted, or whose node goes under it, was not evicted', () => {
    for (const act of [
      (scene: Scene) => scene.observer.podDeleted('default', scene.podName),
      (scene: Scene) => scene.observer.nodeDeleted(scene.busyNode),
      (scene: Scene) => scene.observer.terminating(scene.machineOf(scene.busyNode)),
    ]) {
      const scene = new Scene();
      act(scene);
      expect(scene.found).toEqual(['pdb_breaks']);
    }
  });

  it('nobody asks budgets for a machine that is taken back, or gone', () => {
    const reclaimed = new Scene();
    reclaimed.cluster.cloud.reclaim(reclaimed.machineOf(reclaimed.busyNode));
    reclaimed.observer.nodeDeleted(reclaimed.busyNode);
    expect(reclaimed.found).toEqual([]);
    const gone = new Scene();
    gone.cluster.cloud.terminate(gone.machineOf(gone.busyNode));
    gone.observer.nodeDeleted(gone.busyNode);
    expect(gone.found).toEqual([]);
  });
});
