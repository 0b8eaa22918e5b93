import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dryRun } from '../../../services/actuator/src/providers/docker/dry-run.ts';
import { documentedCalls } from '../documented-calls.ts';
import { driven, failureOf, requestOf, signal } from '../driver.ts';
import { callEngine } from './call-engine.ts';
import { IMAGE, JOIN_TOKEN, openDocker } from './target.ts';

type DockerTarget = Awaited<ReturnType<typeof openDocker>>;

let target: DockerTarget;
beforeEach(async () => {
  target = await openDocker();
  return () => target.close();
});

const opened: DockerTarget[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of opened.splice(0)) await one.close();
});

async function opening(change: Readonly<Record<string, unknown>>): Promise<DockerTarget> {
  const other = await openDocker(change);
  opened.push(other);
  return other;
}

const create = (name: string, of = target) => driven(of, of.provider.create(requestOf(of, name), signal()));
const find = (name: string) => target.provider.find(name, target.onDemand, signal());

/** A creation past the provider. */
async function post(path: string, body: unknown): Promise<{ status: number; message: string }> {
  const headers = { 'content-type': 'application/json' };
  const { status, body: answer } = await callEngine(target.config.url, 'POST', path, JSON.stringify(body), headers);
  return { status, message: JSON.parse(answer.toString()).message };
}

describe("the engine's end point refuses what it does not know", () => {
  it.each([
    [{ Image: IMAGE, Imag: 'x' }, 'invalid JSON: Imag: unknown field'],
    [{ Image: IMAGE, HostConfig: { Privilged: true } }, 'invalid JSON: HostConfig.Privilged: unknown field'],
    [{ Image: IMAGE, HostConfig: { Tmpfs: ['/run'] } }, 'invalid JSON: HostConfig.Tmpfs: must be an object'],
    [
      { Image: IMAGE, HostConfig: { UsernsMode: 'hots' } },
      'invalid JSON: HostConfig.UsernsMode: has an invalid format',
    ],
    [{ Image: IMAGE, Env: ['=x'] }, 'invalid JSON: Env[0]: has an invalid format'],
    [{ Image: IMAGE, HostConfig: { Memory: '4g' } }, 'invalid JSON: HostConfig.Memory: must be a whole number'],
    [{ Cmd: [] }, 'invalid JSON: Image: is required'],
  ])('%j', async (body, message) => {
    expect(await post('/containers/create?name=web-1', body)).toEqual({ status: 400, message });
    expect(target.endpoint.running()).toEqual([]);
  });

  it('in a query too', async () => {
    const answer = await post('/containers/create?nam=web-1', { Image: IMAGE });
    expect(answer).toEqual({ status: 400, message: 'invalid query: nam: unknown field' });
  });
});

describe('provider docker: a container', () => {
  it('is an agent of K3s as it runs in one', async () => {
    const other = await opening({ args: ['--flannel-iface=eth1'], network: 'k3s', privileged: false });
    await create('web-1', other);
    expect(other.endpoint.container('web-1')?.body).toEqual({
      Image: IMAGE,
      Hostname: 'web-1',
      Cmd: [
        'agent',
        '--node-name=web-1',
        '--node-label=forescale.dev/pool=web',
        '--node-taint=dedicated=web:NoSchedule',
        '--kubelet-arg=provider-id=docker://web-1',
        // Of 8 CPUs and 32 GiB the node has 2 and 4.
        '--kubelet-arg=system-reserved=cpu=6000m,memory=29360128Ki',
        '--kubelet-arg=max-pods=30',
        '--flannel-iface=eth1',
      ],
      Env: ['K3S_URL=https://10.0.0.2:6443', 'K3S_TOKEN_FILE=/etc/forescale/k3s-token'],
      Labels: {
        'forescale.dev/cluster': 'c1a5e5f0-0000-4000-8000-000000000001',
        'forescale.dev/request': 'web-1',
        'forescale.dev/pool': 'web',
        'forescale.dev/region': 'local',
      },
      HostConfig: {
        Privileged: false,
        Init: true,
        Tmpfs: { '/run': '', '/var/run': '' },
        UsernsMode: 'host',
        NetworkMode: 'k3s',
        RestartPolicy: { Name: 'unless-stopped' },
        NanoCpus: 2_000_000_000,
        Memory: 4.5 * 2 ** 30,
      },
    });
  });

  it('of an offering without a size has no limits', async () => {
    const request = requestOf(target, 'web-1', { ...target.onDemand, allocatable: null });
    await driven(target, target.provider.create(request, signal()));
    const { HostConfig, Cmd } = target.endpoint.container('web-1')?.body ?? {};
    expect(HostConfig).not.toHaveProperty('Memory');
    expect(Cmd?.join(' ')).not.toContain('system-reserved');
    expect(target.endpoint.operations).not.toContain('GET /info');
  });

  it('is given its token as a file, and nowhere else', async () => {
    await create('web-1');
    const container = target.endpoint.container('web-1');
    expect(container?.archive?.toString()).toContain(JOIN_TOKEN);
    expect(JSON.stringify(container?.body)).not.toContain(JOIN_TOKEN);
  });

  it('that was made and not started is started by the same request', async () => {
    target.endpoint.fail('create', 'lost', 1);
    await failureOf(create('web-1'));
    expect(target.endpoint.container('web-1')).toMatchObject({ state: 'created', archive: null });
    // It serves nobody, so that it is asked for again; where nobody does, the comparison with the journal ends it.
    expect((await find('web-1'))[0]?.state).toBe('terminating');
    const [listed] = await target.provider.list('c1a5e5f0-0000-4000-8000-000000000001', signal());
    expect(listed?.state).toBe('starting');
    await create('web-1');
    expect(target.endpoint.container('web-1')).toMatchObject({ state: 'running' });
    expect((await find('web-1'))[0]?.state).toBe('running');
  });

  it('that can never be started is not left over', async () => {
    target.endpoint.startRefusal = 'network k3s not found';
    expect(await failureOf(create('web-1'))).toMatchObject({ errorClass: 'config', ambiguous: false });
    expect(target.endpoint.container('web-1')).toBeUndefined();
    expect(target.endpoint.volumes.size).toBe(0);
  });

  it('takes its volumes with it', async () => {
    const { id } = (await create('web-1')).machines[0] ?? {};
    expect(target.endpoint.volumes.size).toBe(1);
    expect(await target.provider.terminate(id ?? '', target.onDemand, signal())).toBe('gone');
    expect(target.endpoint.volumes.size).toBe(0);
  });

  it('that has the name and was made for something else is left alone', async () => {
    const theirs = requestOf(target, 'web-1', target.onDemand, { requestId: 'another' });
    await driven(target, target.provider.create(theirs, signal()));
    expect(await failureOf(create('web-1'))).toMatchObject({
      errorClass: 'config',
      message: 'a container web-1 exists that was not made for this request',
    });
  });
});

describe('provider docker: an image that is not there', () => {
  const OTHER = 'rancher/k3s:v1.35.0-k3s1';
  async function lacking(pull: 'missing' | 'never', ms?: number | null): Promise<DockerTarget> {
    const other = await opening({ image: OTHER, pull });
    if (ms !== undefined) other.endpoint.registry.set(OTHER, ms);
    return other;
  }

  it('is pulled, once for all', async () => {
    const other = await lacking('missing', 2_000);
    await Promise.all(['web-1', 'web-2', 'web-3'].map((name) => create(name, other)));
    expect(other.endpoint.running()).toHaveLength(3);
  });

  it('that takes long is waited for no longer than a call may take, and pulled on', async () => {
    const other = await lacking('missing', 60_000);
    const error = await failureOf(create('web-1', other));
    expect(error).toMatchObject({ errorClass: 'throttled', ambiguous: true, retryAfterMs: 5_000 });
    expect(error.message).toBe(`image ${OTHER} is being pulled: Downloading [==>   ]  3MB/70MB`);
    let tries = 1;
    while ((await create('web-1', other).catch(() => null)) === null) tries++;
    expect(tries).toBeLessThan(10);
    expect(other.endpoint.running()).toHaveLength(1);
  });

  // biome-ignore format: one a line
  it.each<[what: string, pull: 'missing' | 'never', ms: number | null | undefined, errorClass: string, message: string]>([
    ['that breaks off', 'missing', null, 'transient', `image ${OTHER} cannot be pulled: unexpected EOF`],
    ['that no registry has', 'missing', undefined, 'config', `image ${OTHER} cannot be pulled: HTTP 404: manifest for ${OTHER} not found: manifest unknown`],
    ['that may not be pulled', 'never', 1, 'config', `HTTP 404: No such image: ${OTHER}`],
  ])('%s is told', async (_what, pull, ms, errorClass, message) => {
    const other = await lacking(pull, ms);
    expect(await failureOf(create('web-1', other))).toMatchObject({ errorClass, message });
    expect(other.endpoint.running()).toEqual([]);
  });
});

it('the environment has no say in which engine is asked', async () => {
  vi.stubEnv('DOCKER_HOST', 'tcp://192.0.2.1:2375');
  vi.stubEnv('DOCKER_TLS_VERIFY', '1');
  const other = await opening({});
  await create('web-1', other);
  expect(other.endpoint.running()).toHaveLength(1);
});

it('a dry run reads only, and says what fails', async () => {
  const outcomes = async (of: DockerTarget) =>
    (await dryRun(of.config)).map(({ operation, outcome }) => `${operation}: ${outcome}`);
  expect(await outcomes(target)).toEqual([
    'token_file: ok',
    'GET /_ping: ok',
    'GET /version: ok: 28.0.0, API 1.48',
    'GET /images/{name}/json: ok: the image is there',
  ]);
  const lacking = await opening({ image: 'k3s:other', pull: 'never' });
  expect((await outcomes(lacking)).at(-1)).toBe(
    'GET /images/{name}/json: fails: the image k3s:other is not there, and not pulled',
  );
  const absent = await opening({ url: 'unix:///nowhere/docker.sock' });
  expect((await outcomes(absent)).slice(1, 2)).toEqual(['GET /_ping: fails: docker: ENOENT']);
});

it('all calls that are made stand in the documentation, and no others', async () => {
  const other = await opening({ image: 'k3s:other' });
  other.endpoint.registry.set('k3s:other', 0);
  const { provider, onDemand, endpoint, config } = other;
  const id = (await create('web-1', other)).machines[0]?.id ?? '';
  await provider.find('web-1', onDemand, signal());
  await provider.terminate(id, onDemand, signal());
  await dryRun(config);
  expect([...endpoint.operations].sort()).toEqual(await documentedCalls('docker'));
});
