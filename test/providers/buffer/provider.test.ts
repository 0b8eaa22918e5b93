import type { Placeholders } from '@forescale/actuator/providers';
import type { ManualClock } from '@forescale/shared/time';
import type { SimulatedCluster, SimulatedClusterOptions } from '@forescale/simulator/cluster';
import { afterEach, describe, expect, it } from 'vitest';
import { openBuffer } from './endpoint.ts';

const START_MS = Date.UTC(2026, 2, 2);
const SERVED = { capacitybuffers: ['v1beta1'] };
const SIZE = { cpuMillicores: 900, memoryBytes: 3 * 2 ** 30, gpus: 0 };

interface Opened {
  readonly cluster: SimulatedCluster;
  readonly clock: ManualClock;
  readonly room: Placeholders;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function open(options: Partial<SimulatedClusterOptions> = {}, given: object = {}): Promise<Opened> {
  const { endpoint, clock, provider, close } = await openBuffer(options, given);
  closing.push(close);
  if (!provider.placeholders) throw new Error('no placeholders');
  return { cluster: endpoint.cluster, clock, room: provider.placeholders };
}

const signal = new AbortController().signal;
const request = (replicas: number, generation = 1) => ({
  ...{ pool: 'web', generation, replicas, size: SIZE, nodeSelector: { role: 'web' } },
  taints: [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' } as const],
});
const named = (cluster: SimulatedCluster) =>
  (['deployments', 'podtemplates', 'capacitybuffers'] as const).flatMap((kind) =>
    [...cluster.objects(kind)].map(({ metadata }) => `${kind}/${metadata.name}`),
  );

describe('provider buffer', () => {
  it.each([
    ['CapacityBuffers', { customResources: SERVED }, ['podtemplates/forescale-web', 'capacitybuffers/forescale-web']],
    ['placeholder pods', {}, ['deployments/forescale-web']],
  ])('holds, tells, changes and releases by %s', async (_name, options, objects) => {
    const { room, cluster } = await open(options);
    expect(await room.read('web', signal)).toEqual({ replicas: 0, size: null, generation: 0, problem: null });
    await room.hold(request(7), signal);
    expect(await room.read('web', signal)).toEqual({ replicas: 7, size: SIZE, generation: 1, problem: null });
    await room.hold({ ...request(3, 2), size: { ...SIZE, cpuMillicores: 500 } }, signal);
    expect(await room.read('web', signal)).toMatchObject({ replicas: 3, size: { cpuMillicores: 500 } });
    expect(named(cluster)).toEqual(objects);
    await room.release('web', signal);
    await room.release('web', signal);
    expect(named(cluster)).toEqual([]);
  });

  it('asks for pods that go wherever those of the pool go, and yield to all', async () => {
    const { room, cluster } = await open();
    await room.hold(request(1), signal);
    const [pod] = [...cluster.objects('pods')];
    expect(pod?.spec).toMatchObject({ priority: -10, nodeSelector: { role: 'web' }, terminationGracePeriodSeconds: 0 });
    expect(pod?.spec.tolerations).toContainEqual({
      key: 'dedicated',
      operator: 'Equal',
      value: 'web',
      effect: 'NoSchedule',
    });
    expect(pod?.metadata.labels).toMatchObject({ 'forescale.dev/placeholder': 'web' });
  });

  it('limits GPUs to what it requests, without which Kubernetes takes no such pod', async () => {
    const { room, cluster } = await open();
    await room.hold({ ...request(1), size: { ...SIZE, gpus: 2 } }, signal);
    const [pod] = [...cluster.objects('pods')];
    const gpus = { 'nvidia.com/gpu': '2' };
    expect(pod?.spec.containers?.[0]?.resources).toMatchObject({ requests: gpus, limits: gpus });
    expect(await room.read('web', signal)).toMatchObject({ size: { ...SIZE, gpus: 2 } });
  });

  it('replaces nothing that a later plan has written', async () => {
    const { room } = await open({ customResources: SERVED });
    await room.hold(request(7, 5), signal);
    await expect(room.hold(request(1, 4), signal)).rejects.toMatchObject({ errorClass: 'fenced' });
    expect(await room.read('web', signal)).toMatchObject({ replicas: 7 });
  });

  it('goes over to CapacityBuffers when a cluster gets them, and counts both until then', async () => {
    const served: Record<string, readonly string[]> = {};
    const { room, cluster, clock } = await open({ customResources: served });
    await room.hold(request(7), signal);
    served.capacitybuffers = ['v1beta1'];
    clock.advanceTo(START_MS + 700_000);
    expect(await room.read('web', signal)).toMatchObject({ replicas: 7, size: null });
    await room.hold(request(7, 2), signal);
    expect(named(cluster)).toEqual(['podtemplates/forescale-web', 'capacitybuffers/forescale-web']);
    expect(await room.read('web', signal)).toMatchObject({ replicas: 7, size: SIZE });
  });

  it('says what keeps the owner from giving the room', async () => {
    const { room, cluster } = await open({ customResources: SERVED });
    await room.hold(request(7), signal);
    const conditions = [{ type: 'Ready', status: 'False', reason: 'QuotaExceeded', message: 'no more cores' }];
    const path = '/apis/autoscaling.x-k8s.io/v1beta1/namespaces/forescale/capacitybuffers/forescale-web/status';
    cluster.request('PATCH', path, { status: { conditions } });
    const { problem } = await room.read('web', signal);
    expect(problem).toBe('CapacityBuffer forescale-web is not Ready: QuotaExceeded no more cores');
  });

  it.each([
    ['auth', { kind: 'respond', status: 403 }],
    ['throttled', { kind: 'respond', status: 429, retryAfterSeconds: 7 }],
    ['transient', { kind: 'respond', status: 503 }],
    ['transient', { kind: 'reset', when: 'after' }],
    ['conflict', { kind: 'respond', status: 409 }],
  ] as const)('takes it for %s when the API answers %o', async (errorClass, action) => {
    const { room, cluster } = await open();
    cluster.faults.add({ methods: ['POST'], action });
    const retryAfterMs = 'retryAfterSeconds' in action ? 7_000 : null;
    await expect(room.hold(request(7), signal)).rejects.toMatchObject({ errorClass, retryAfterMs });
  });

  it.each([
    ['no CapacityBuffers, where those are asked for', { api: 'capacity_buffer' }, 'serves no capacitybuffers'],
    ['a PriorityClass of its name with another value', {}, 'has the value 5: -10 is needed'],
  ])('refuses %s', async (_name, provider, message) => {
    const { room, cluster } = await open({}, provider);
    const name = 'forescale-placeholder';
    cluster.request('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value: 5 });
    await expect(room.hold(request(7), signal)).rejects.toMatchObject({
      errorClass: 'config',
      message: expect.stringContaining(message),
    });
  });
});
