import { afterEach, describe, expect, it } from 'vitest';
import { SteeredWorld } from './steered-world.ts';

const SERVED = { customResources: { capacitybuffers: ['v1beta1', 'v1alpha1'] } };
const OLDER = { customResources: { capacitybuffers: ['v1alpha1'] } };

let steered: SteeredWorld | null = null;
afterEach(async () => {
  await steered?.close();
  steered = null;
});

async function create(...args: Parameters<typeof SteeredWorld.create>): Promise<SteeredWorld> {
  steered = await SteeredWorld.create(...args);
  return steered;
}

function held(it: SteeredWorld): { readonly buffer: number | null; readonly deployment: number | null } {
  const { cluster } = it.world;
  const [buffer] = cluster.objects('capacitybuffers');
  const deployment = [...cluster.objects('deployments')].find(({ metadata }) => metadata.name === 'forescale-web');
  return { buffer: buffer?.spec.replicas ?? null, deployment: deployment?.spec.replicas ?? null };
}

/** Until just before the load rises, and the minute after it. */
async function throughTheRise(it: SteeredWorld) {
  await it.minutes(19);
  const before = { ready: it.readyNodes, ...held(it) };
  await it.minutes(2);
  return { before, waiting: it.waiting };
}

describe('buffer', () => {
  it('is missed where there is none: the autoscaler alone lets pods wait for the nodes', async () => {
    const it = await create('none', SERVED, { pool: { mode: 'observe' } });
    const { before, waiting } = await throughTheRise(it);
    expect(before).toEqual({ ready: 3, buffer: null, deployment: null });
    expect(waiting).toBe(28);
    await it.minutes(9);
    expect(it.unmetDemandShare).toBeGreaterThan(0.05);
  });

  it.each([
    ['a CapacityBuffer', SERVED, { buffer: 28, deployment: null }],
    ['a CapacityBuffer of an older version', OLDER, { buffer: 28, deployment: null }],
    ['placeholder pods, where the cluster has no CapacityBuffers', {}, { buffer: null, deployment: 28 }],
  ])('has the nodes Ready before the load comes, by %s', async (_name, options, room) => {
    const it = await create('{ kind: buffer }', options);
    const { before, waiting } = await throughTheRise(it);
    expect(before).toEqual({ ready: 10, ...room });
    expect(waiting).toBe(0);
    const unmet = it.unmetDemandShare;
    await it.minutes(20);
    expect(it.unmetDemandShare).toBeLessThanOrEqual(unmet);
    // The load itself keeps the nodes now.
    expect(Object.values(held(it)).filter((one) => one !== null)).toEqual([0]);
    expect(it.readyNodes).toBe(10);
    expect(await it.world.readiness.report()).toEqual({ ready: true, reasons: {} });
  });
});

describe('buffer: at the single point of actuation', () => {
  it('writes nothing in mode observe, and tells what it would hold', async () => {
    const it = await create('{ kind: buffer }', SERVED, { pool: { mode: 'observe' } });
    const { before } = await throughTheRise(it);
    expect(before).toEqual({ ready: 3, buffer: null, deployment: null });
    const [pool] = it.world.actuator.pools(it.world.cluster.nowMs());
    expect(pool?.decisions.map(({ kind, count }) => [kind, count])).toContainEqual(['headroom', 28]);
  });

  it('leaves the room as it is while the pool is paused', async () => {
    const it = await create('{ kind: buffer }', SERVED);
    await it.minutes(17);
    expect(held(it).buffer).toBe(28);
    const paused = { 'forescale.dev/paused': 'true' };
    const maps = '/api/v1/namespaces/forescale/configmaps';
    it.world.cluster.request('POST', maps, { metadata: { name: 'forescale-web', annotations: paused } });
    await it.minutes(8);
    expect(held(it).buffer).toBe(28);
    it.world.cluster.request('DELETE', `${maps}/forescale-web`);
    await it.minutes(2);
    expect(held(it).buffer).toBe(0);
  });

  it('repairs what somebody else changes, and gives the nodes back when the load has gone', async () => {
    const it = await create('{ kind: buffer }', {});
    await it.minutes(17);
    const path = '/apis/apps/v1/namespaces/forescale/deployments/forescale-web';
    it.world.cluster.request('PATCH', path, { spec: { replicas: 2 } });
    await it.minutes(2);
    expect(held(it).deployment).toBe(28);
    await it.minutes(61);
    expect(it.readyNodes).toBe(10);
    await it.minutes(25);
    expect(held(it).deployment).toBe(0);
    expect(it.readyNodes).toBeLessThanOrEqual(4);
  });

  it('counts no placeholder as load', async () => {
    const it = await create('{ kind: buffer }', {});
    await it.minutes(19);
    const placeholders = [...it.world.cluster.objects('pods')].filter(
      ({ metadata }) => metadata.namespace === 'forescale',
    );
    expect(placeholders).toHaveLength(28);
    expect(placeholders.every(({ spec }) => spec.priority === -10 && spec.nodeName !== undefined)).toBe(true);
    const [planned] = it.world.actuator.planned().values();
    const requested = planned?.state.readings.find(({ signal }) => signal === 'requested-cpu')?.value;
    expect(requested).toBe(12 * 900);
  });

  it('says that it is not ready, and touches nothing, where an object of its name is somebody else’s', async () => {
    const it = await create('{ kind: buffer }', {});
    const spec = { replicas: 1, selector: { matchLabels: { app: 'x' } } };
    const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'x', image: 'x' }] } };
    const all = '/apis/apps/v1/namespaces/forescale/deployments';
    it.world.cluster.request('POST', all, { metadata: { name: 'forescale-web' }, spec: { ...spec, template } });
    await it.minutes(19);
    expect(held(it).deployment).toBe(1);
    const { reasons } = await it.world.readiness.report();
    expect(reasons['provider of pool web']).toContain('is not ours');
  });

  it('goes on after a restart as if nothing had been, and through answers that are lost', async () => {
    const it = await create('{ kind: buffer }', SERVED);
    const lost = { kind: 'reset', when: 'after' } as const;
    for (const path of [/capacitybuffers/, /podtemplates/])
      it.world.cluster.faults.add({ methods: ['POST'], path, times: 1, action: lost });
    it.world.cluster.faults.add({
      path: /capacitybuffers/,
      skip: 30,
      times: 1,
      action: { kind: 'respond', status: 503 },
    });
    await it.minutes(17);
    await it.world.restart();
    await it.minutes(2);
    expect({ ready: it.readyNodes, ...held(it) }).toEqual({ ready: 10, buffer: 28, deployment: null });
  });
});
