import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Machine, type MachineProvider, openProvider } from '@forescale/actuator/providers';
import type { OfferingConfig } from '@forescale/shared/config';
import { systemClock } from '@forescale/shared/time';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { dryRun } from '../../../services/actuator/src/providers/docker/dry-run.ts';
import { temporaryDirectory } from '../../harness/config-file.ts';
import { startDockerEngine, type TestServer } from '../../servers/index.ts';
import { failureOf } from '../driver.ts';
import { providerConfig } from '../provider-config.ts';
import { callEngine } from './call-engine.ts';

const BUSYBOX = '/bin/busybox';
const PLAIN = JSON.stringify({ Image: 'forescale-test:1', HostConfig: { NetworkMode: 'none' } });
const TOKEN = 'K10abc::node:pw';
const CLUSTER = 'c1a5e5f0-0000-4000-8000-000000000001';

/** What the engine is, or why there is none. */
async function tryEngine(): Promise<TestServer | string> {
  if (!existsSync(BUSYBOX)) return `${BUSYBOX} is not there: apt-get install --no-install-recommends busybox-static`;
  let server: TestServer;
  try {
    server = await startDockerEngine();
  } catch (error) {
    const lines = error instanceof Error ? error.message.trim().split('\n') : [];
    const told = [lines[0], lines.at(-1)].filter((one) => one !== undefined);
    return told.join(' … ').slice(0, 500);
  }
  const failure = await runPlainContainer(server.url);
  if (failure === null) return server;
  await server.stop();
  return `it starts no container here: ${failure}`;
}

/** Whether the engine can do what it is for, with nothing of ours in it; null: yes. Leaves the image behind. */
async function runPlainContainer(url: string): Promise<string | null> {
  // Tells its token, as K3s would read it, and stays.
  const script = `${BUSYBOX} cat $K3S_TOKEN_FILE; exec ${BUSYBOX} sleep 100000`;
  const changes = `ENTRYPOINT ${JSON.stringify([BUSYBOX, 'sh', '-c', script])}`;
  const query = new URLSearchParams({ fromSrc: '-', repo: 'forescale-test', tag: '1', changes });
  const steps = [
    ['POST', `/images/create?${query}`, busyboxTar(), 'application/x-tar'],
    ['POST', '/containers/create?name=plain', PLAIN, 'application/json'],
    ['POST', '/containers/plain/start', '', ''],
    ['DELETE', '/containers/plain?force=true', '', ''],
  ] as const;
  for (const [method, path, body, type] of steps) {
    const answer = await callEngine(url, method, path, body, type === '' ? {} : { 'content-type': type });
    if (answer.status >= 300) return answer.body.toString().trim().slice(0, 300);
  }
  return null;
}

const engine = await tryEngine();
if (typeof engine === 'string') {
  process.stderr.write(`a real Docker engine: skipped: ${engine}\n`);
  describe('a real Docker engine', () => it.skip(`does not start here: ${engine}`));
} else describe('a real Docker engine', () => onEngine(engine));

function onEngine(server: TestServer): void {
  const { url } = server;
  const offering: OfferingConfig = {
    ...{ provider: '', instanceType: 'container', region: 'local', zone: 'local', capacityType: 'on_demand' },
    allocatable: { cpuMillicores: 500, memoryBytes: 64 * 2 ** 20, pods: 10, gpus: 0 },
    ...{ usdPerHour: 0, interruption: null },
  };
  const made = new Set<string>();
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let provider: MachineProvider;
  const signal = () => AbortSignal.timeout(60_000);
  const get = async (path: string) => (await callEngine(url, 'GET', path)).body;

  // Neither is there a bridge, nor may a container be privileged everywhere that an engine starts.
  const config = (change: Readonly<Record<string, unknown>> = {}) =>
    providerConfig({
      ...{ kind: 'docker', url, image: 'forescale-test:1', pull: 'never', server: 'https://10.0.0.2:6443' },
      ...{ token_file: join(directory.path, 'token'), network: 'none', privileged: false, ...change },
    });

  function requestOf(name: string) {
    const identity = { requestId: name, token: name, nodeName: name, clusterTag: CLUSTER, pool: 'web' };
    const taints = [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' as const }];
    return { ...identity, offering, labels: { role: 'web' }, taints, createdMs: systemClock.nowMs(), groupSize: 1 };
  }

  async function create(name: string): Promise<Machine> {
    const { machines } = await provider.create(requestOf(name), signal());
    expect(machines).toHaveLength(1);
    const [machine] = machines as readonly [Machine];
    made.add(machine.id);
    return machine;
  }

  beforeAll(async () => {
    directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'token'), `${TOKEN}\n`);
    provider = await openProvider(config(), { clock: systemClock, kube: null });
  });

  afterEach(async () => {
    await Promise.all([...made].map((id) => provider.terminate(id, offering, signal())));
    made.clear();
  });

  afterAll(async () => {
    await server.stop();
    await directory.remove();
  });

  it('ten containers at once, each found by its request, and all of them listed', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `web-t3k9p2-00000${i}`);
    const machines = await Promise.all(names.map(create));
    expect(machines.map(({ nodeName }) => nodeName)).toEqual(names);
    const listed = await provider.list(CLUSTER, signal());
    expect(listed.map(({ id }) => id).sort()).toEqual(machines.map(({ id }) => id).sort());
    expect(listed.every(({ state }) => state === 'running')).toBe(true);
    expect(await provider.find(names[3] ?? '', offering, signal())).toEqual([
      // A listing tells of whole seconds.
      { ...machines[3], createdMs: expect.closeTo(machines[3]?.createdMs ?? 0, -4) },
    ]);
    expect(await provider.list('another', signal())).toEqual([]);
  });

  it('is what was asked for, and shows its token to nobody but itself', async () => {
    const { id } = await create('web-t3k9p2-a');
    const text = (await get(`/containers/${id}/json`)).toString();
    expect(text).not.toContain(TOKEN);
    const { Name, Config, HostConfig } = JSON.parse(text);
    expect(Name).toBe('/web-t3k9p2-a');
    expect(Config.Cmd).toContain('--node-taint=dedicated=web:NoSchedule');
    expect(Config.Labels['forescale.dev/request']).toBe('web-t3k9p2-a');
    expect(HostConfig).toMatchObject({
      ...{ Privileged: false, Init: true, UsernsMode: 'host', Tmpfs: { '/run': '', '/var/run': '' } },
      ...{ NanoCpus: 500_000_000, Memory: 576 * 2 ** 20, RestartPolicy: { Name: 'unless-stopped' } },
    });
    // It has been started, and may not have said anything yet.
    const logs = async () => (await get(`/containers/${id}/logs?stdout=1`)).toString();
    await vi.waitFor(async () => expect(await logs()).toContain(TOKEN), { timeout: 30_000, interval: 50 });
  });

  it('the same request again is the same container, and one that was stopped is started', async () => {
    const first = await create('web-t3k9p2-b');
    expect((await create('web-t3k9p2-b')).id).toBe(first.id);
    await callEngine(url, 'POST', `/containers/${first.id}/stop?t=0`);
    expect((await provider.find('web-t3k9p2-b', offering, signal()))[0]?.state).toBe('terminating');
    expect((await create('web-t3k9p2-b')).id).toBe(first.id);
    expect((await provider.find('web-t3k9p2-b', offering, signal()))[0]?.state).toBe('running');
  });

  it('ends, and is gone also for whoever asks again', async () => {
    const { id } = await create('web-t3k9p2-c');
    expect(await provider.terminate(id, offering, signal())).toBe('gone');
    expect(await provider.terminate(id, offering, signal())).toBe('gone');
    expect(await provider.list(CLUSTER, signal())).toEqual([]);
  });

  it('what cannot be had is refused in its own words, and leaves nothing behind', async () => {
    const lacking = await openProvider(config({ image: 'no-such-image:1' }), { clock: systemClock, kube: null });
    const absent = await failureOf(lacking.create(requestOf('web-t3k9p2-d'), signal()));
    expect(absent).toMatchObject({ errorClass: 'config', message: expect.stringContaining('No such image') });
    const astray = await openProvider(config({ network: 'no-such-network' }), { clock: systemClock, kube: null });
    const lost = await failureOf(astray.create(requestOf('web-t3k9p2-e'), signal()));
    expect(lost).toMatchObject({ errorClass: 'config', message: expect.stringContaining('no-such-network') });
    expect(await provider.list(CLUSTER, signal())).toEqual([]);
  });

  it('a dry run finds engine and image', async () => {
    expect((await dryRun(config())).map(({ outcome }) => outcome)).toEqual([
      ...['ok', 'ok', expect.stringMatching(/^ok: \d+\..*, API 1\./), 'ok: the image is there'],
    ]);
  });
}

/** A root file system of one program, and of the libraries that it names. */
function busyboxTar(): Buffer {
  const libraries = () => execFileSync('ldd', [BUSYBOX], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  let named: readonly string[] = [];
  try {
    named = [...libraries().matchAll(/\/\S+/g)].map(([path]) => path.replace(/:$/, ''));
  } catch {
    // Linked statically, as Debian's busybox-static is.
  }
  const paths = [BUSYBOX, ...named.filter((path) => path !== BUSYBOX)].map((path) => path.slice(1));
  return execFileSync('tar', ['-ch', '-C', '/', ...paths], { maxBuffer: 64 * 2 ** 20 });
}
