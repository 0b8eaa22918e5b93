import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineRequest } from '@forescale/actuator/providers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER, driven, failureOf, namesOf, pass, requestOf, signal } from '../driver.ts';
import { TOKEN } from './endpoint.ts';
import { EXHAUSTED } from './refusals.ts';
import { type GcpTarget, MACHINES, ON_DEMAND, openMachines, openTarget, SPOT } from './target.ts';

const MINUTE_MS = 60_000;
const [NAME = '', OTHER = ''] = namesOf(2);
let target: GcpTarget;
beforeEach(async () => {
  target = await openMachines();
  return () => target.close();
});

const create = (request: MachineRequest) => driven(target, target.provider.create(request, signal()));
const insertedOf = (index: number) => target.endpoint.inserted[index] as Record<string, unknown>;

describe('gcp machines: what is asked for', () => {
  it('a machine on demand, with all that the configuration says', async () => {
    const { machines } = await create(requestOf(target, NAME));
    expect(machines).toEqual([
      {
        id: `us-central1-a/${NAME}`,
        providerId: `gce://forescale-test-1/us-central1-a/${NAME}`,
        ...{ requestId: NAME, nodeName: NAME, pool: 'web', state: 'starting', group: null },
        createdMs: expect.any(Number),
        place: { provider: '', region: 'us-central1' },
      },
    ]);
    expect(insertedOf(0)).toEqual({
      name: NAME,
      machineType: 'zones/us-central1-a/machineTypes/e2-standard-4',
      labels: {
        team: 'shop',
        'forescale-cluster': CLUSTER,
        'forescale-pool': 'web',
        'forescale-request': NAME,
        'forescale-node': NAME,
      },
      disks: [
        {
          boot: true,
          autoDelete: true,
          initializeParams: {
            sourceImage: MACHINES.image,
            diskSizeGb: '30',
            diskType: 'zones/us-central1-a/diskTypes/pd-balanced',
          },
        },
      ],
      networkInterfaces: [
        {
          subnetwork: MACHINES.subnetworks['us-central1'],
          accessConfigs: [{ type: 'ONE_TO_ONE_NAT', name: 'External NAT' }],
        },
      ],
      tags: { items: ['k3s-agent'] },
      serviceAccounts: [
        { email: MACHINES.service_account, scopes: ['https://www.googleapis.com/auth/cloud-platform'] },
      ],
    });
  });

  it('a spot machine goes with its disk, and never comes back by itself', async () => {
    await create(requestOf(target, NAME, SPOT));
    expect(insertedOf(0).scheduling).toEqual({
      ...{ provisioningModel: 'SPOT', instanceTerminationAction: 'DELETE' },
      ...{ automaticRestart: false, onHostMaintenance: 'TERMINATE' },
    });
  });

  it('a node whose name is none for a machine has one all the same', async () => {
    const { machines } = await create(requestOf(target, '7-pool-t3k9p2-000000'));
    expect(machines[0]?.id).toMatch(/^us-central1-a\/n-7-pool-t3k9p2-000000-[0-9a-f]{8}$/);
    expect(machines[0]?.nodeName).toBe('7-pool-t3k9p2-000000');
    const [listed] = await driven(target, target.provider.list(CLUSTER, signal()));
    expect(listed).toMatchObject({ id: machines[0]?.id, nodeName: '7-pool-t3k9p2-000000' });
  });

  it.each<[what: string, change: Partial<MachineRequest>, message: string]>([
    [
      'a zone that is none',
      { offering: { ...ON_DEMAND, zone: 'local' } },
      'offering zone = "local": allowed: a zone such as us-central1-a',
    ],
    [
      'a zone of another region',
      { offering: { ...ON_DEMAND, region: 'europe-west4' } },
      'offering region = "europe-west4": allowed: the region of zone us-central1-a',
    ],
    [
      'a cluster that no label takes',
      { clusterTag: 'Prod "1"' },
      'label forescale-cluster = "Prod \\"1\\"": allowed: text of a-z, 0-9, "_" and "-", at most 63 long',
    ],
  ])('%s is refused before anything is sent', async (_what, change, message) => {
    const error = await failureOf(create(requestOf(target, NAME, ON_DEMAND, change)));
    expect(error).toMatchObject({ errorClass: 'config', message });
    expect(target.endpoint.operations.size).toBe(0);
  });
});

describe('gcp machines: a creation that is repeated', () => {
  it('is the same call, answered with the same operation', async () => {
    const [first] = (await create(requestOf(target, NAME))).machines;
    const operations = target.endpoint.cloud.operations.size;
    const [again] = (await create(requestOf(target, NAME))).machines;
    expect(again).toEqual(first);
    expect(target.endpoint.cloud.operations.size).toBe(operations);
  });

  it('after an operation that failed is another call: that one would be answered for ever', async () => {
    target.endpoint.cloud.lacking.push(
      { ...EXHAUSTED, code: 'INTERNAL_ERROR' },
      { ...EXHAUSTED, code: 'INTERNAL_ERROR' },
    );
    expect(await failureOf(create(requestOf(target, NAME)))).toMatchObject({ errorClass: 'transient' });
    expect(await failureOf(create(requestOf(target, NAME)))).toMatchObject({ errorClass: 'transient' });
    expect((await create(requestOf(target, NAME))).machines).toHaveLength(1);
    expect(target.endpoint.running()).toEqual([`us-central1-a/${NAME}`]);
  });

  it('under another token finds the name taken, and adopts what has it', async () => {
    await create(requestOf(target, NAME));
    pass(target, MINUTE_MS);
    const { machines } = await create(requestOf(target, NAME, ON_DEMAND, { token: 'another' }));
    expect(machines).toMatchObject([{ id: `us-central1-a/${NAME}`, requestId: NAME, state: 'running' }]);
    expect(target.endpoint.running()).toHaveLength(1);
  });

  it('stays open where the machine that has the name cannot be looked at', async () => {
    await create(requestOf(target, NAME));
    target.endpoint.failWith('compute.instances.get', 'throttled');
    const again = requestOf(target, NAME, ON_DEMAND, { token: 'another' });
    expect(await failureOf(create(again))).toMatchObject({ errorClass: 'throttled', ambiguous: true });
  });

  it('never adopts a machine of another cluster, nor one that goes', async () => {
    await create(requestOf(target, NAME, ON_DEMAND, { clusterTag: 'other' }));
    const again = requestOf(target, NAME, ON_DEMAND, { token: 'another' });
    expect(await failureOf(create(again))).toMatchObject({ errorClass: 'config' });
    await create(requestOf(target, OTHER));
    await driven(target, target.provider.terminate(`us-central1-a/${OTHER}`, ON_DEMAND, signal()));
    const going = requestOf(target, OTHER, ON_DEMAND, { token: 'another' });
    expect(await failureOf(create(going))).toMatchObject({ errorClass: 'conflict', ambiguous: true });
  });
});

describe('gcp machines: operations that take long', () => {
  it('a machine is known before it is made, within the time of a call', async () => {
    target.endpoint.cloud.insertMs = 5 * MINUTE_MS;
    const sinceMs = target.clock.nowMs();
    const { machines } = await create(requestOf(target, NAME));
    expect(machines).toHaveLength(1);
    expect(target.clock.nowMs() - sinceMs).toBeLessThan(15_000);
    expect(await driven(target, target.provider.find(NAME, ON_DEMAND, signal()))).toMatchObject([
      { state: 'starting' },
    ]);
  });

  it('what is wrong with the waiting says nothing of the machine', async () => {
    target.endpoint.failWith('compute.zoneOperations.wait', 'auth');
    expect(await failureOf(create(requestOf(target, NAME)))).toMatchObject({ errorClass: 'auth', ambiguous: true });
    expect(await driven(target, target.provider.find(NAME, ON_DEMAND, signal()))).toHaveLength(1);
  });

  it('ends when it is told to', async () => {
    target.endpoint.cloud.insertMs = 5 * MINUTE_MS;
    const abort = new AbortController();
    const call = target.provider.create(requestOf(target, NAME), abort.signal);
    setImmediate(() => abort.abort());
    expect(await failureOf(call)).toMatchObject({ errorClass: 'transient', ambiguous: true });
  });
});

describe('gcp machines: listings', () => {
  it('ask for no user data, which holds the token and may be long', async () => {
    await create(requestOf(target, NAME));
    await driven(target, target.provider.list(CLUSTER, signal()));
    const listing = target.endpoint.asked.findLast((url) => url.pathname.endsWith('/aggregated/instances'));
    expect(listing?.searchParams.get('fields')).toMatch(/^items\/\*\/instances\(id,name,zone,/);
    expect(listing?.searchParams.get('fields')).not.toContain('metadata');
  });

  it('of which a zone is missing fail', async () => {
    await create(requestOf(target, NAME));
    target.endpoint.unreachable = 'us-central1-b';
    const list = () => failureOf(driven(target, target.provider.list(CLUSTER, signal())));
    expect(await list()).toMatchObject({ errorClass: 'transient' });
    target.endpoint.tellsUnreachable = 'whole';
    expect((await list()).message).toBe('instances are listed in part only: zones/us-central1-b: unreachable');
    target.endpoint.tellsUnreachable = 'scope';
    expect((await list()).message).toBe('instances are listed in part only: zones/us-central1-b: UNREACHABLE');
    target.endpoint.unreachable = null;
    expect(await driven(target, target.provider.list(CLUSTER, signal()))).toHaveLength(1);
  });

  it('show what somebody has stopped, since its disk costs', async () => {
    const [machine] = (await create(requestOf(target, NAME))).machines;
    const instance = target.endpoint.cloud.at('us-central1-a', NAME, target.clock.nowMs());
    if (!instance) throw new Error('no instance');
    instance.stopping = { untilMs: target.clock.nowMs() + 10_000, after: 'TERMINATED' };
    const states = async () =>
      (await driven(target, target.provider.list(CLUSTER, signal()))).map(({ state }) => state);
    expect(await states()).toEqual(['terminating']);
    pass(target, MINUTE_MS);
    expect(await states()).toEqual(['running']);
    expect(await driven(target, target.provider.terminate(machine?.id ?? '', ON_DEMAND, signal()))).toBe('terminating');
  });

  it('a notice is told only of what Compute Engine takes back', async () => {
    await create(requestOf(target, NAME, SPOT));
    await create(requestOf(target, OTHER, SPOT));
    pass(target, MINUTE_MS);
    await driven(target, target.provider.terminate(`us-central1-a/${OTHER}`, ON_DEMAND, signal()));
    const told = () => driven(target, target.provider.interruptions(CLUSTER, signal()));
    expect(await told()).toEqual([]);
    const sinceMs = target.clock.nowMs();
    target.endpoint.interrupt(`us-central1-a/${NAME}`, 'reclaim');
    expect(await told()).toEqual([
      { machineId: `us-central1-a/${NAME}`, nodeName: NAME, kind: 'reclaim', atMs: sinceMs + 30_000 },
    ]);
    pass(target, MINUTE_MS);
    expect(await told()).toEqual([]);
  });
});

describe('gcp machines: joining', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forescale-gcp-join-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('user data carries the token and the provider id; nothing else does', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, 'K10secret::server:abc');
    const k3s = { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1', token_file: tokenFile };
    const joining = await openTarget({ machines: { ...MACHINES, join: k3s } });
    try {
      const { machines } = await driven(joining, joining.provider.create(requestOf(joining, NAME), signal()));
      const { metadata, ...rest } = joining.endpoint.inserted[0] as {
        readonly metadata: { readonly items: readonly { readonly key: string; readonly value: string }[] };
      };
      expect(metadata.items.map(({ key }) => key)).toEqual(['user-data']);
      expect(metadata.items[0]?.value).toContain('K10secret::server:abc');
      expect(metadata.items[0]?.value).toContain(`echo gce://forescale-test-1/us-central1-a/${NAME}`);
      expect(JSON.stringify([rest, machines])).not.toContain('K10secret');
      joining.endpoint.fail('create', 'quota', 1);
      const error = await failureOf(driven(joining, joining.provider.create(requestOf(joining, OTHER), signal())));
      expect(`${error.message} ${error.stack}`).not.toContain('K10secret');
    } finally {
      await joining.close();
    }
  });

  it('what a refusal quotes of the user data has no token in it', async () => {
    const token = 'K10"se\\cret';
    const tokenFile = join(folder, 'quoted');
    await writeFile(tokenFile, token);
    const k3s = { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1' };
    const joining = await openTarget({ machines: { ...MACHINES, join: { ...k3s, token_file: tokenFile } } });
    try {
      joining.endpoint.quotesMetadata = true;
      const error = await failureOf(driven(joining, joining.provider.create(requestOf(joining, NAME), signal())));
      expect(error.errorClass).toBe('config');
      expect(error.message).toContain('k3s-token');
      expect(error.message).toContain('***');
      expect(JSON.stringify([error.message, error.stack])).not.toMatch(/K10|cret/);
    } finally {
      await joining.close();
    }
  });

  it('without a token nothing is made', async () => {
    const k3s = { kind: 'k3s', server: 'https://10.0.0.2:6443', version: 'v1.34.1+k3s1' };
    const joining = await openTarget({ machines: { ...MACHINES, join: { ...k3s, token_file: join(folder, 'none') } } });
    try {
      const error = await failureOf(joining.provider.create(requestOf(joining, NAME), signal()));
      expect(error).toMatchObject({ errorClass: 'config' });
      expect(joining.endpoint.inserted).toEqual([]);
    } finally {
      await joining.close();
    }
  });
});

it('a machine of a group is not gone since no machine has its name', async () => {
  const { provider, endpoint } = target;
  const error = await failureOf(provider.terminate('us-central1-a/web/us-central1-a/web-x1y2', ON_DEMAND, signal()));
  expect(error).toMatchObject({ errorClass: 'config', message: expect.stringContaining('no machine made one by one') });
  expect(endpoint.operations.size).toBe(0);
});

describe('gcp machines: access', () => {
  it('a token that is not taken is refused credentials, and is not repeated in the error', async () => {
    target.endpoint.token = 'another';
    const error = await failureOf(driven(target, target.provider.list(CLUSTER, signal())));
    expect(error).toMatchObject({ errorClass: 'auth' });
    expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain(TOKEN);
  });

  it('what an answer quotes of the token is blotted out', async () => {
    target.endpoint.quotesToken = true;
    const error = await failureOf(driven(target, target.provider.list(CLUSTER, signal())));
    expect(error.message).toBe('authError: the token *** is not taken');
  });
});
