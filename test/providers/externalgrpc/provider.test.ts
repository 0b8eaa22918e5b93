import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProvider } from '@forescale/actuator/providers';
import { ConfigError } from '@forescale/shared/config';
import { ManualClock } from '@forescale/shared/time';
import { ServerCredentials } from '@grpc/grpc-js';
import { beforeEach, describe, expect, it } from 'vitest';
import { ExternalApi } from '../../../services/actuator/src/providers/externalgrpc/api.ts';
import { connectGrpc } from '../../../services/actuator/src/providers/externalgrpc/connect.ts';
import { driven, failureOf, guarded, pass, requestOf, signal } from '../driver.ts';
import { CA, CLIENT_CERT, CLIENT_KEY, SERVER_CERT, SERVER_KEY } from './certificates.ts';
import {
  type ExternalGrpcTarget,
  externalGrpcConfig,
  newEndpoint,
  ON_DEMAND,
  openExternalGrpcTarget,
} from './target.ts';

const GROUP = 'workers-on_demand';
const MINUTE_MS = 60_000;

let target: ExternalGrpcTarget;
beforeEach(async () => {
  target = await openExternalGrpcTarget();
  return () => target.close();
});

const group = () => target.endpoint.groups.get(GROUP);
const wanted = (groupSize: number, createdMs = target.clock.nowMs()) =>
  requestOf(target, 'web-t3k9p2-000001', ON_DEMAND, { groupSize, createdMs });
const raise = (groupSize: number, createdMs?: number) =>
  driven(target, target.provider.create(wanted(groupSize, createdMs), signal()));
const trim = (size: number) =>
  driven(target, target.provider.groups?.trim(GROUP, ON_DEMAND, size, signal()) ?? Promise.resolve());

/** Calls as the product makes them, with requests of the test's own. */
async function rawCalls() {
  if (target.config.kind !== 'externalgrpc') throw new Error('another provider');
  return await connectGrpc(target.config);
}

describe('externalgrpc: the wire', () => {
  it('is that of the published interface', async () => {
    const sent: Record<string, string> = {};
    const answers: Record<string, string> = { NodeGroupTargetSize: '0807' };
    if (target.config.kind !== 'externalgrpc') throw new Error('another provider');
    const { methods } = await connectGrpc(target.config);
    const api = new ExternalApi(async (name, request) => {
      const codec = methods[name];
      sent[`${codec?.path}`] = codec?.requestSerialize(request).toString('hex') ?? '';
      return codec?.responseDeserialize(Buffer.from(answers[name] ?? '', 'hex'));
    });
    await api.changeSize('g', 3, signal());
    await api.changeSize('g', -1, signal());
    await api.deleteNodes('g', ['a://b'], signal());
    expect(await api.targetSize('g', signal())).toBe(7);
    const service = '/clusterautoscaler.cloudprovider.v1.externalgrpc.CloudProvider';
    expect(sent).toEqual({
      [`${service}/NodeGroupIncreaseSize`]: '0803120167',
      [`${service}/NodeGroupDecreaseTargetSize`]: '08ffffffffffffffffff01120167',
      [`${service}/NodeGroupDeleteNodes`]: '0a070a05613a2f2f62120167',
      [`${service}/NodeGroupTargetSize`]: '0a0167',
    });
  });

  it.each([
    ['NodeGroupTargetSize', { groupId: GROUP }, 'id is required'],
    ['NodeGroupIncreaseSize', { id: GROUP, by: 3 }, 'delta must be positive'],
    ['NodeGroupDecreaseTargetSize', { id: GROUP, delta: 1 }, 'delta must be negative'],
    ['NodeGroupDeleteNodes', { id: GROUP, nodes: [{ providerId: 'ext://a/1' }] }, 'providerID must be'],
    ['NodeGroupDeleteNodes', { id: GROUP, node: { providerID: 'ext://a/1' } }, 'nodes are required'],
    ['PricingNodePrice', { node: {}, start: { seconds: 1 } }, 'request fields were nil'],
  ])('a misspelt field of %s is refused: %j', async (method, request, message) => {
    const { call, close } = await rawCalls();
    const error = await failureOf(call(method, request, signal()));
    expect(error).toMatchObject({ errorClass: 'config' });
    expect(error.message).toContain(message);
    close();
  });

  it('a field that the interface does not have is refused', async () => {
    const { client, methods, close } = await rawCalls();
    const path = methods.NodeGroupTargetSize?.path ?? '';
    // Field 1 is the id; field 9 is none.
    const bytes = Buffer.from('0a01674a0178', 'hex');
    const told = new Promise((resolve) => {
      client.makeUnaryRequest(
        path,
        () => bytes,
        (answer) => answer,
        {},
        (error) => resolve(error?.details),
      );
    });
    expect(await told).toContain('a field that is not known');
    close();
  });
});

describe('externalgrpc: sizes', () => {
  it('an increase that is carried out after its connection was lost is not sent twice', async () => {
    target.endpoint.lateMs = 20_000;
    target.endpoint.fail('create', 'lost', 1);
    await driven(target, guarded(target).create(wanted(4)));
    pass(target, 5 * MINUTE_MS);
    expect(group()?.target).toBe(4);
  });

  it('nor by a process that takes over', async () => {
    target.endpoint.lateMs = 20_000;
    target.endpoint.fail('create', 'lost', 1);
    const sinceMs = target.clock.nowMs();
    await failureOf(raise(4, sinceMs));
    pass(target, 5_000);
    const successor = await openProvider(target.config, { clock: target.clock, kube: null });
    await driven(target, successor.create(wanted(5, sinceMs), signal()));
    pass(target, 5 * MINUTE_MS);
    expect(group()?.target).toBe(5);
  });

  it('above the maximum of the group are told as a full quota, of each machine', async () => {
    const { failures } = await raise(53);
    expect(group()?.target).toBe(50);
    expect(failures.map(({ errorClass }) => errorClass)).toEqual(['quota', 'quota', 'quota']);
    expect(failures[0]?.message).toBe('group workers-on_demand may have 50 machines at most');
  });

  it('what could not be made is taken back, what is there stays', async () => {
    await raise(2);
    pass(target, 5 * MINUTE_MS);
    target.endpoint.sellOut(ON_DEMAND);
    await raise(5);
    pass(target, MINUTE_MS);
    await trim(1);
    expect(group()).toMatchObject({ target: 2, instances: [{ state: 'running' }, { state: 'running' }] });
  });

  it('are not lowered below the minimum of the group', async () => {
    const own = group();
    if (!own) throw new Error('no group');
    own.isHeld = true;
    await raise(4);
    own.minSize = 2;
    await trim(0);
    expect(own.target).toBe(2);
  });

  it('what failed before a request is none of its business', async () => {
    target.endpoint.sellOut(ON_DEMAND);
    const sinceMs = target.clock.nowMs();
    await raise(1, sinceMs);
    pass(target, MINUTE_MS);
    expect((await raise(1, sinceMs)).failures).toHaveLength(1);
    pass(target, MINUTE_MS);
    expect((await raise(1)).failures).toEqual([]);
  });

  it('are lowered once, where the answer is lost', async () => {
    await raise(2);
    pass(target, 5 * MINUTE_MS);
    const there = group();
    if (!there) throw new Error('no group');
    there.isHeld = true;
    await raise(6);
    target.endpoint.fail('terminate', 'lost', 1);
    await failureOf(trim(3));
    await trim(3);
    expect(there.target).toBe(3);
  });

  it.each([1, 2])('are what is wanted where three calls in ten go wrong, and never more (seed %i)', async (seed) => {
    target.endpoint.lateMs = 10_000;
    target.endpoint.failAtRandom(0.3, seed);
    const machines = guarded(target);
    const persistently = async (call: () => Promise<unknown>) => {
      for (let i = 0; i < 100; i++)
        if (
          await driven(target, call()).then(
            () => true,
            () => false,
          )
        )
          return;
      throw new Error('it never succeeded');
    };
    let most = 0;
    for (const size of [3, 8, 2, 12, 12, 4]) {
      most = Math.max(most, size);
      // Besides what chance brings: the first answer of every raise is lost.
      target.endpoint.fail('create', 'lost', size > (group()?.target ?? 0) ? 1 : 0);
      await persistently(() => Promise.all([machines.create(wanted(size)), machines.create(wanted(size))]));
      await persistently(() => machines.trim(GROUP, ON_DEMAND, size));
      pass(target, MINUTE_MS);
      expect(group()?.highest).toBe(most);
    }
    // What is there is not trimmed away.
    expect(group()).toMatchObject({ target: 12, highest: 12 });
    expect(target.endpoint.running()).toHaveLength(12);
  });

  it('a group that the server does not know, and a machine that no group makes, are mistakes of the configuration', async () => {
    target.endpoint.groups.delete(GROUP);
    expect(await failureOf(raise(1))).toMatchObject({ errorClass: 'config' });
    const other = requestOf(target, 'x', { ...ON_DEMAND, zone: 'b' });
    const error = await failureOf(driven(target, target.provider.create(other, signal())));
    expect(error.message).toBe('no group makes m5.large on_demand in local/b');
  });
});

describe('externalgrpc: prices', () => {
  it('are not known where the server has none', async () => {
    target.endpoint.prices = null;
    expect(
      await driven(target, target.provider.prices?.([ON_DEMAND, ON_DEMAND], signal()) ?? Promise.resolve([])),
    ).toEqual([null, null]);
  });
});

it('externalgrpc: what is called is what the document says', async () => {
  await raise(2);
  pass(target, 5 * MINUTE_MS);
  const [first] = await driven(target, target.provider.list('c', signal()));
  if (!first) throw new Error('no member');
  await driven(target, target.provider.terminate(first.id, first.place, signal()));
  const there = group();
  if (there) there.isHeld = true;
  await raise(5);
  await trim(1);
  await driven(target, target.provider.prices?.([ON_DEMAND], signal()) ?? Promise.resolve([]));
  const text = await readFile(new URL('../../../docs/providers/externalgrpc.md', import.meta.url), 'utf8');
  const listed = /<!-- calls: begin -->(.*)<!-- calls: end -->/s.exec(text)?.[1]?.match(/\w+/g);
  expect([...target.endpoint.operations].sort()).toEqual(listed?.sort());
});

describe('externalgrpc: TLS', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forescale-test-'));
    const files = { 'ca.pem': CA, 'client.pem': CLIENT_CERT, 'client.key': CLIENT_KEY, 'empty.pem': '' };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return () => rm(folder, { recursive: true });
  });

  const opened = async (address: string, tls: object) => {
    const config = externalGrpcConfig({ address, tls: { server_name: 'cloud.test', ...tls } });
    return await openProvider(config, { clock: new ManualClock(0), kube: null });
  };
  const file = (name: string) => join(folder, name);

  it('with a certificate of the client, and not without', async () => {
    const endpoint = newEndpoint(new ManualClock(0));
    const pair = { private_key: Buffer.from(SERVER_KEY), cert_chain: Buffer.from(SERVER_CERT) };
    const address = await endpoint.listen(ServerCredentials.createSsl(Buffer.from(CA), [pair], true));
    try {
      const known = { ca_file: file('ca.pem'), cert_file: file('client.pem'), key_file: file('client.key') };
      expect(await (await opened(address, known)).list('c', signal())).toEqual([]);
      for (const tls of [
        { ca_file: file('ca.pem') },
        { cert_file: file('client.pem'), key_file: file('client.key') },
      ]) {
        const provider = await opened(address, tls);
        expect(await failureOf(provider.list('c', signal()))).toMatchObject({ errorClass: 'transient' });
      }
    } finally {
      await endpoint.close();
    }
  });

  it('says which file is absent, and of one that holds no certificate nothing of what it holds', async () => {
    await expect(opened('h:1', { ca_file: '/none/ca.pem' })).rejects.toThrow(
      new ConfigError('provider.tls.ca_file = /none/ca.pem: cannot be read: ENOENT'),
    );
    await writeFile(file('wrong.key'), 'hunter2');
    const wrong = opened('h:1', { cert_file: file('client.pem'), key_file: file('wrong.key') });
    await expect(wrong).rejects.toThrow(ConfigError);
    await expect(wrong).rejects.not.toThrow('hunter2');
  });
});
