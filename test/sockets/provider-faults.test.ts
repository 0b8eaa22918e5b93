import { createProviderCalls, type ProviderCalls } from '@forescale/actuator/execute';
import { type MachineProvider, type MachineRequest, openProvider, ProviderError } from '@forescale/actuator/providers';
import { seededRandom } from '@forescale/shared/time';
import type { FaultAction } from '@forescale/simulator/cluster';
import { afterEach, describe, expect, it } from 'vitest';
import { FaultyCluster, SMALL } from './faulty-cluster.ts';

const open: FaultyCluster[] = [];
afterEach(async () => {
  for (const cluster of open.splice(0)) await cluster.close();
});

const SMALL_PLACE = { provider: '', region: SMALL.region };

interface Cloud {
  readonly faulty: FaultyCluster;
  readonly provider: MachineProvider;
  readonly calls: ProviderCalls;
  /** Class of every failed call, in order. */
  readonly errors: string[];
  request(nodeName: string): MachineRequest;
  /** Machines that were made for requests, by request id. */
  made(): string[];
}

async function started(): Promise<Cloud> {
  const faulty = await FaultyCluster.start();
  open.push(faulty);
  const config = { kind: 'simulated', url: faulty.url, tokenFile: null, concurrency: 10, ratePerSecond: null } as const;
  const errors: string[] = [];
  const calls = createProviderCalls(
    {
      concurrency: 10,
      ratePerSecond: null,
      timeoutMs: 15_000,
      retriesMax: 2,
      backoffFirstMs: 200,
      backoffMaxMs: 5_000,
      breaker: { failuresMax: 8, openMs: 60_000 },
    },
    {
      clock: faulty.clock,
      ioClock: faulty.clock,
      random: seededRandom(1),
      onError: (_operation, error) => errors.push(error.errorClass),
      onAnswer: () => {},
    },
  );
  const offering = { provider: '', ...SMALL, usdPerHour: 0.1, allocatable: null, interruption: null };
  return {
    faulty,
    provider: await openProvider(config, { clock: faulty.clock, kube: null }),
    calls,
    errors,
    request: (nodeName) => ({
      requestId: nodeName,
      token: nodeName,
      nodeName,
      clusterTag: 'test',
      pool: 'web',
      offering,
      labels: {},
      taints: [],
      createdMs: 0,
      groupSize: 1,
    }),
    made: () =>
      faulty.cluster.cloud
        .list({ clusterTag: 'test' })
        .map((machine) => machine.requestId)
        .sort(),
  };
}

const create = ({ faulty, provider, calls, request }: Cloud, name: string) =>
  faulty.run(calls.run('create', (signal) => provider.create(request(name), signal)));

const faults: readonly (readonly [string, FaultAction])[] = [
  ['a reset before the call is carried out', { kind: 'reset', when: 'before' }],
  ['a reset after it was carried out', { kind: 'reset', when: 'after' }],
  ['no answer, and nothing done', { kind: 'hang', when: 'before' }],
  ['no answer to what was done', { kind: 'hang', when: 'after' }],
  ['half an answer, then a reset', { kind: 'cut', share: 0.5, end: 'reset' }],
  ['half an answer, then silence', { kind: 'cut', share: 0.5, end: 'hang' }],
  ['half an answer that looks whole', { kind: 'cut', share: 0.5, end: 'close' }],
  ['a byte a minute', { kind: 'trickle', everyMs: 60_000 }],
  ['an answer that is no JSON', { kind: 'garbage', of: 'body' }],
  ['an answer that is no HTTP', { kind: 'garbage', of: 'protocol' }],
  ['503 of a proxy', { kind: 'respond', status: 503 }],
];

describe.each(faults)('provider, on real sockets: %s', (_what, action) => {
  it('a creation is repeated with its token, and makes one machine', async () => {
    const cloud = await started();
    cloud.faulty.cluster.faults.add({ methods: ['POST'], times: 1, action });
    const { machines } = await create(cloud, 'web-1');
    expect(machines.map((machine) => machine.requestId)).toEqual(['web-1']);
    expect(cloud.errors).toEqual(['transient']);
    expect(cloud.made()).toEqual(['web-1']);
  });

  it('a creation that fails to the end says that it may have been done, and find tells', async () => {
    const cloud = await started();
    const { faulty, provider, calls } = cloud;
    faulty.cluster.faults.add({ methods: ['POST'], action });
    await expect(create(cloud, 'web-1')).rejects.toMatchObject({ errorClass: 'transient', ambiguous: true });
    expect(cloud.errors).toEqual(['transient', 'transient', 'transient']);
    const found = await faulty.run(calls.run('read', (signal) => provider.find('web-1', SMALL_PLACE, signal)));
    expect(found.map((machine) => machine.requestId)).toEqual(cloud.made());
    expect(found.length).toBeLessThanOrEqual(1);
    faulty.cluster.faults.clear();
    await create(cloud, 'web-1');
    expect(cloud.made()).toEqual(['web-1']);
  });

  it('a listing is whole or fails, and a termination ends what it names, once', async () => {
    const cloud = await started();
    const { faulty, provider, calls } = cloud;
    for (const name of ['web-1', 'web-2', 'web-3']) await create(cloud, name);
    faulty.cluster.faults.add({ methods: ['GET'], path: /machines/, times: 1, action });
    const listed = await faulty.run(calls.run('read', (signal) => provider.list('test', signal)));
    expect(listed.map((machine) => machine.requestId).sort()).toEqual(['web-1', 'web-2', 'web-3']);
    faulty.cluster.faults.add({ methods: ['DELETE'], times: 1, action });
    const [first] = listed;
    await faulty.run(calls.run('delete', (signal) => provider.terminate(first?.id ?? '', SMALL_PLACE, signal)));
    expect(cloud.errors).toEqual(['transient', 'transient']);
    faulty.pass(60_000);
    const left = await faulty.run(calls.run('read', (signal) => provider.list('test', signal)));
    expect(left.map((machine) => machine.requestId)).toEqual(listed.slice(1).map((machine) => machine.requestId));
  });
});

describe('provider, on real sockets', () => {
  it('429: nothing is sent before the time that Retry-After asks for, and then one machine is made', async () => {
    const cloud = await started();
    const { faulty } = cloud;
    faulty.cluster.faults.add({
      methods: ['POST'],
      times: 1,
      action: { kind: 'respond', status: 429, retryAfterSeconds: 4 },
    });
    const beganMs = faulty.clock.nowMs();
    await create(cloud, 'web-1');
    expect(faulty.clock.nowMs() - beganMs).toBeGreaterThanOrEqual(4_000);
    expect([cloud.errors, cloud.made()]).toEqual([['throttled'], ['web-1']]);
  });

  it('every second connection is reset while twenty machines are asked for at once: twenty are made', async () => {
    const cloud = await started();
    cloud.faulty.cluster.faults.add({ share: 0.5, action: { kind: 'reset', when: 'after' } });
    const names = Array.from({ length: 20 }, (_, index) => `web-${String(index).padStart(2, '0')}`);
    const outcomes = await Promise.allSettled(names.map((name) => create(cloud, name)));
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(ProviderError);
    cloud.faulty.cluster.faults.clear();
    cloud.faulty.clock.advanceTo(cloud.faulty.clock.nowMs() + 120_000);
    for (const name of names) await create(cloud, name);
    expect(cloud.made()).toEqual(names);
  });
});
