import { seededRandom } from '@forescale/shared/time';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { generateLoad } from '../workload/index.ts';
import { GIB, Lab, SMALL, SPOT, START_MS } from './lab.ts';
import { isFinished, type NodeObject, type PodObject } from './objects/objects.ts';
import { podRequests, resourcesOf } from './objects/pod-requests.ts';

const MINUTE_MS = 60_000;

/** A day of load on machines that come, go and are reclaimed, by a chance that the seed decides. */
function stormyDay(seed: number, stepMs: number): Lab {
  const lab = new Lab({
    seed,
    offerings: [SMALL, { ...SPOT, reclaimsPerHour: 0.5, boot: { kind: 'lognormal', p50Ms: 60_000, p95Ms: 150_000 } }],
    initialNodes: [{ offering: SMALL, count: 3 }],
    controlPlane: true,
    daemonPods: [{ name: 'agent', requests: { cpuMillicores: 100, memoryBytes: GIB / 4 } }],
    cloud: { faults: { capacity: 0.1, neverRegisters: 0.05, slowBoot: 0.1 } },
    workload: {
      series: generateLoad({ seed, startMs: START_MS, days: 1, base: 200 }),
      valuePerPod: 10,
      requests: { cpuMillicores: 900, memoryBytes: GIB },
      maxUnavailable: '20%',
    },
  });
  const random = seededRandom(seed);
  for (let minute = 0; minute < 240; minute++) {
    for (let ms = 0; ms < MINUTE_MS; ms += stepMs) lab.pass(stepMs);
    disturb(lab, random.next(), minute);
    checkNothingOvercommitted(lab);
  }
  return lab;
}

function disturb(lab: Lab, chance: number, minute: number): void {
  const { cloud } = lab.cluster;
  if (chance < 0.3) {
    const name = `spot-${minute}`;
    const request = { token: name, requestId: name, nodeName: name, clusterTag: 'c', pool: '', labels: {}, taints: [] };
    try {
      cloud.create({ ...request, offering: SPOT });
    } catch {
      // Refused by chance: that is part of the storm.
    }
  } else if (chance < 0.4) {
    const machine = cloud.list()[minute % Math.max(1, cloud.list().length)];
    if (machine !== undefined) cloud.terminate(machine.id);
  } else if (chance < 0.5) {
    const node = lab.nodes().find(({ metadata }) => metadata.name !== 'control-plane-0');
    if (node !== undefined) lab.delete(`/api/v1/nodes/${node.metadata.name}`);
  } else if (chance < 0.6) {
    for (const pod of lab.pods().slice(0, 5)) {
      if (pod.metadata.namespace === 'default') lab.evict(pod.metadata.name);
    }
  }
}

function checkNothingOvercommitted(lab: Lab): void {
  const free = new Map(lab.nodes().map((node) => [node.metadata.name, cpuOf(node)]));
  for (const pod of lab.pods()) {
    const { nodeName } = pod.spec;
    const before = free.get(nodeName ?? '');
    if (nodeName === undefined || before === undefined || isFinished(pod)) continue;
    free.set(nodeName, before - podRequests(pod).cpuMillicores);
  }
  for (const [name, millicores] of free) if (millicores < 0) throw new Error(`${name} is overcommitted`);
}

function cpuOf(node: NodeObject): number {
  return resourcesOf(node.status.allocatable).cpuMillicores;
}

describe('simulated cluster', () => {
  it('never puts more on a node than it has, and is the same for the same seed, whatever the steps', () => {
    fc.assert(
      fc.property(fc.nat(1_000), (seed) => {
        const expected = stormyDay(seed, MINUTE_MS).fingerprint();
        expect(stormyDay(seed, 20_000).fingerprint()).toEqual(expected);
      }),
      { numRuns: 5 },
    );
  });

  it('comes to rest with all pods of its deployments placed, when there is room', () => {
    const lab = stormyDay(7, MINUTE_MS);
    for (let i = 0; i < 40; i++) {
      const name = `rest-${i}`;
      const tags = { token: name, requestId: name, nodeName: name, clusterTag: 'c', pool: '', labels: {}, taints: [] };
      lab.cluster.cloud.faults.shares = {};
      lab.cluster.cloud.create({ ...tags, offering: SMALL });
    }
    lab.pass(15 * MINUTE_MS);
    const missing = () => {
      const { spec, status } = lab.deployment('workload');
      return (spec.replicas ?? 0) - (status?.readyReplicas ?? 0);
    };
    // The load still changes every minute; between two changes its pods come to run.
    for (let i = 0; i < 120 && missing() !== 0; i++) lab.pass(10_000);
    expect(missing()).toBe(0);
  });

  it('has an identity of its own per seed: the UID of kube-system', () => {
    const uid = (seed: number) => {
      const lab = new Lab({ seed });
      const reply = lab.cluster.request('GET', '/api/v1/namespaces/kube-system');
      const { metadata } = JSON.parse(reply.body) as PodObject;
      expect(metadata.uid).toBe(lab.cluster.clusterId);
      return metadata.uid;
    };
    expect(uid(1)).toBe(uid(1));
    expect(uid(1)).not.toBe(uid(2));
  });

  it('does not go back in time', () => {
    const lab = new Lab();
    lab.pass(MINUTE_MS);
    expect(() => lab.cluster.step(START_MS)).toThrow(RangeError);
  });

  it('tells in its summary what there is and what it has cost', () => {
    const lab = new Lab({ initialNodes: [{ offering: SMALL, count: 2, tagged: true }], controlPlane: true });
    lab.addPod('pod', '1');
    lab.addPod('huge', '100');
    lab.pass(60 * MINUTE_MS);
    expect(lab.cluster.summary()).toMatchObject({
      clusterId: lab.cluster.clusterId,
      nowMs: START_MS + 60 * MINUTE_MS,
      nodes: { total: 3, ready: 3 },
      pods: { running: 1, pending: 1, terminating: 0 },
      machines: { created: 2, reclaimed: 0, refused: 0 },
      cost: { usd: 0.2, machineHours: 2, usdPerHour: 0.2 },
      workload: null,
    });
    expect(lab.cluster.cloud.list({ clusterTag: lab.cluster.clusterId })).toHaveLength(2);
  });
});

describe('the cloud over HTTP', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function serve(options: ConstructorParameters<typeof Lab>[0] = {}) {
    const lab = new Lab(options);
    const server = await lab.cluster.listen();
    closing.push(server.close);
    const call = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
      const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
      const response = await fetch(`${server.url}/cloud/v1/${path}`, init);
      const retryAfter = response.headers.get('retry-after');
      return { status: response.status, retryAfter, body: (await response.json()) as Record<string, unknown> };
    };
    return { lab, call, url: server.url };
  }

  const offering = { zone: 'a', instanceType: 'small', capacityType: 'spot' };
  const order = (name: string) => ({ requestId: name, clusterTag: 'c', nodeName: name, offering });

  it('makes, repeats, finds, lists in pages, and ends machines', async () => {
    const { lab, call } = await serve();
    const made = await call('POST', 'machines', order('node-0'));
    expect(made).toMatchObject({ status: 201, body: { state: 'starting', requestId: 'node-0', usdPerHour: 0.04 } });
    expect((await call('POST', 'machines', order('node-0'))).body.id).toBe(made.body.id);
    for (let i = 1; i < 5; i++) await call('POST', 'machines', order(`node-${i}`));
    const names: unknown[] = [];
    let token: unknown = '';
    do {
      const page = await call('GET', `machines?clusterTag=c&limit=2&pageToken=${token}`);
      names.push(...(page.body.machines as { nodeName: string }[]).map(({ nodeName }) => nodeName));
      token = page.body.nextPageToken;
    } while (token !== null);
    expect(names).toEqual(['node-0', 'node-1', 'node-2', 'node-3', 'node-4']);
    const found = await call('GET', 'machines?requestId=node-3');
    expect((found.body.machines as unknown[]).length).toBe(1);
    lab.pass(40_000);
    expect(lab.nodes()).toHaveLength(5);
    expect(await call('DELETE', `machines/${made.body.id}`)).toMatchObject({
      status: 200,
      body: { state: 'terminated' },
    });
    expect(await call('DELETE', `machines/${made.body.id}`)).toMatchObject({ status: 200 });
    expect(await call('DELETE', 'machines/sim-unknown')).toMatchObject({
      status: 404,
      body: { error: { class: 'config' } },
    });
    expect(((await call('GET', 'machines')).body.machines as unknown[]).length).toBe(4);
  });

  it('tells of offerings, interruptions and cost', async () => {
    const { lab, call } = await serve();
    const { body } = await call('POST', 'machines', order('node-0'));
    lab.cluster.cloud.reclaim(String(body.id));
    expect((await call('GET', 'interruptions?clusterTag=c')).body.interruptions).toEqual([
      { machineId: body.id, nodeName: 'node-0', kind: 'reclaim', atMs: START_MS + 120_000 },
    ]);
    expect((await call('GET', 'offerings')).body.offerings).toHaveLength(2);
    expect((await call('GET', 'cost')).body).toMatchObject({ usdPerHour: 0.04 });
  });

  it.each([
    ['capacity', 503],
    ['quota', 403],
    ['throttled', 429],
    ['transient', 500],
    ['auth', 401],
    ['config', 400],
    ['conflict', 409],
  ] as const)('answers the class %s with %i', async (fate, status) => {
    const { lab, call } = await serve();
    lab.cluster.cloud.failNext({ fate });
    const reply = await call('POST', 'machines', order('node-0'));
    expect(reply).toMatchObject({ status, body: { error: { class: fate } } });
    expect(reply.retryAfter).toBe(fate === 'throttled' ? '1' : null);
  });

  it('refuses what it cannot read, naming the field', async () => {
    const { call } = await serve();
    const reply = await call('POST', 'machines', { ...order('node-0'), nodeName: 'Not A Name' });
    expect(reply).toMatchObject({ status: 400, body: { error: { class: 'config' } } });
    expect(JSON.stringify(reply.body)).toContain('nodeName');
    expect((await call('GET', 'machines?limit=0')).status).toBe(400);
    expect((await call('PUT', 'machines')).status).toBe(404);
  });

  it('asks for its own token', async () => {
    const { call } = await serve({ cloudToken: 'secret' });
    expect(await call('GET', 'machines')).toMatchObject({ status: 401, body: { error: { class: 'auth' } } });
    expect((await call('GET', 'machines', undefined, { authorization: 'Bearer secret' })).status).toBe(200);
  });

  it('throttles creations beyond the rate, in simulated time', async () => {
    const { lab, call } = await serve({ cloudCalls: { createsPerSecond: 2 } });
    const statuses = async (names: string[]) => {
      const replies = [];
      for (const name of names) replies.push((await call('POST', 'machines', order(name))).status);
      return replies;
    };
    expect(await statuses(['a', 'b', 'c'])).toEqual([201, 201, 429]);
    lab.pass(500);
    expect(await statuses(['c', 'd'])).toEqual([201, 429]);
  });

  it('answers after its latency in simulated time, when the machine is made already', async () => {
    const { lab, call } = await serve({ cloudCalls: { createLatencyMs: 2_000 } });
    let answered = false;
    const reply = call('POST', 'machines', order('node-0')).then((done) => {
      answered = true;
      return done;
    });
    await expect.poll(() => lab.cluster.cloud.list()).toHaveLength(1);
    lab.pass(1_999);
    await call('GET', 'machines');
    expect(answered).toBe(false);
    lab.pass(1);
    expect((await reply).status).toBe(201);
  });

  it('survives clients that hang up before their answer comes', async () => {
    const { lab, call, url } = await serve({ cloudCalls: { createLatencyMs: 2_000 } });
    const abort = new AbortController();
    const init = { method: 'POST', body: JSON.stringify(order('node-0')), signal: abort.signal };
    const impatient = fetch(`${url}/cloud/v1/machines`, init);
    await expect.poll(() => lab.cluster.cloud.list()).toHaveLength(1);
    abort.abort();
    await expect(impatient).rejects.toThrow('aborted');
    for (let i = 0; i < 5; i++) await call('GET', 'machines');
    lab.pass(2_000);
    expect((await call('GET', 'machines')).status).toBe(200);
  });
});
