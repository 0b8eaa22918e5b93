import { CoreV1Api, Metrics, makeInformer, type V1ConfigMap, Watch } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { kubeConfigOf, refusalOf } from '../conformance/target.ts';
import {
  createSimulatedCluster,
  type FaultAction,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from '../index.ts';
import { SMALL } from '../lab.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(options: Partial<SimulatedClusterOptions> = {}, bookmarkIntervalMs = 60_000, token?: string) {
  const cluster = createSimulatedCluster({ seed: 1, startMs: 0, offerings: [SMALL], ...options });
  const server = await cluster.listen({ bookmarkIntervalMs });
  closing.push(server.close);
  const kube = kubeConfigOf(server.url, token);
  return { cluster, url: server.url, kube, core: kube.makeApiClient(CoreV1Api) };
}

function createMap(cluster: SimulatedCluster, name: string): void {
  const { status } = cluster.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name } });
  expect(status).toBe(201);
}

const MAPS = '/api/v1/namespaces/default/configmaps';

/** A watch on raw lines, as they come over the wire. */
async function rawWatch(url: string, query: string) {
  const response = await fetch(`${url}${MAPS}?watch=1&${query}`);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    status: response.status,
    async next(): Promise<{
      type: string;
      object: { metadata: { resourceVersion: string; name?: string }; code?: number };
    } | null> {
      while (!text.includes('\n')) {
        const chunk = await reader?.read();
        if (chunk === undefined || chunk.done) return null;
        text += chunk.value;
      }
      const end = text.indexOf('\n');
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      return JSON.parse(line);
    },
    cancel: () => reader?.cancel(),
  };
}

describe('http server: watches', () => {
  it('sends bookmarks to those who ask, with the newest version', async () => {
    const { cluster, url } = await start({}, 5);
    const watch = await rawWatch(url, 'allowWatchBookmarks=true&resourceVersion=1');
    createMap(cluster, 'a');
    let line = await watch.next();
    expect(line).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    line = await watch.next();
    expect(line?.type).toBe('BOOKMARK');
    expect(Number(line?.object.metadata.resourceVersion)).toBeGreaterThan(1);
    await watch.cancel();
  });

  it('answers 410 in the stream, and ends it, when the history since then is forgotten', async () => {
    const { cluster, url } = await start({ historyEvents: 8 });
    for (let i = 0; i < 20; i++) createMap(cluster, `map-${i}`);
    const watch = await rawWatch(url, 'resourceVersion=2');
    expect(watch.status).toBe(200);
    expect(await watch.next()).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect(await watch.next()).toBeNull();
  });

  it('answers 410 to a page whose state is forgotten', async () => {
    const { cluster, core } = await start({ historyEvents: 8 });
    for (let i = 0; i < 5; i++) createMap(cluster, `map-${i}`);
    const page = await core.listNamespacedConfigMap({ namespace: 'default', limit: 2 });
    for (let i = 5; i < 30; i++) createMap(cluster, `map-${i}`);
    const next = core.listNamespacedConfigMap({
      namespace: 'default',
      limit: 2,
      _continue: page.metadata?._continue ?? '',
    });
    expect(await refusalOf(next)).toMatchObject({ code: 410, reason: 'Expired' });
  });
});

describe('http server: injected faults', () => {
  it('answers as told, as often as told, without doing what was asked', async () => {
    const { cluster, core } = await start();
    const fault = cluster.faults.add({
      methods: ['POST'],
      path: /configmaps/,
      times: 1,
      action: { kind: 'respond', status: 503, retryAfterSeconds: 7 },
    });
    const body = { metadata: { name: 'a' } };
    expect(await refusalOf(core.createNamespacedConfigMap({ namespace: 'default', body }))).toMatchObject({
      code: 503,
    });
    await core.createNamespacedConfigMap({ namespace: 'default', body });
    expect(fault.hits()).toBe(1);
  });

  it('sends Retry-After with 429', async () => {
    const { cluster, url } = await start();
    cluster.faults.add({ action: { kind: 'respond', status: 429, retryAfterSeconds: 3 } });
    const response = await fetch(`${url}/api/v1/nodes`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '3']);
  });

  it.each([
    ['before', false],
    ['after', true],
  ] as const)('resets the connection %s the write: the write is done: %s', async (when, done) => {
    const { cluster, core } = await start();
    cluster.faults.add({ methods: ['POST'], times: 1, action: { kind: 'reset', when } });
    const body = { metadata: { name: 'a' } };
    await expect(core.createNamespacedConfigMap({ namespace: 'default', body })).rejects.toThrow();
    expect(cluster.request('GET', `${MAPS}/a`).status === 200).toBe(done);
  });

  it('delays, and then does what was asked', async () => {
    const { cluster, core } = await start();
    cluster.faults.add({ action: { kind: 'delay', delayMs: 20 } });
    expect((await core.listNode()).items).toEqual([]);
  });

  it('hits a share of requests that the seed decides', async () => {
    const outcomes = async () => {
      const { cluster, url } = await start({ seed: 7 });
      cluster.faults.add({ share: 0.5, action: { kind: 'respond', status: 500 } });
      const statuses: number[] = [];
      for (let i = 0; i < 20; i++) statuses.push((await fetch(`${url}/api/v1/nodes`)).status);
      return statuses;
    };
    const first = await outcomes();
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await outcomes()).toEqual(first);
  });

  it('resets a watch after some events: an informer stops with an error, and resumes when started again', async () => {
    const { cluster, kube, core } = await start();
    const list = () => core.listNamespacedConfigMap({ namespace: 'default' });
    const informer = makeInformer<V1ConfigMap>(kube, MAPS, list);
    const added: string[] = [];
    let signalError = (_error: unknown) => {};
    const failed = new Promise<unknown>((resolve) => {
      signalError = resolve;
    });
    informer.on('add', ({ metadata }: V1ConfigMap) => added.push(metadata?.name ?? ''));
    informer.on('error', (error: unknown) => signalError(error));
    cluster.faults.add({ times: 1, action: { kind: 'watch', end: 'reset', afterEvents: 1 } });
    await informer.start();
    createMap(cluster, 'a');
    await failed;
    createMap(cluster, 'b');
    await informer.start();
    await expect.poll(() => added).toEqual(['a', 'b']);
    await informer.stop();
  });

  it('leaves a watch half open: connected, and silent', async () => {
    const { cluster, url } = await start({}, 5);
    cluster.faults.add({ times: 1, action: { kind: 'watch', end: 'silence', afterEvents: 1 } });
    const silent = await rawWatch(url, 'resourceVersion=1');
    const healthy = await rawWatch(url, 'resourceVersion=1&allowWatchBookmarks=true');
    createMap(cluster, 'a');
    createMap(cluster, 'b');
    expect((await silent.next())?.object.metadata.name).toBe('a');
    let heard = 'nothing';
    void silent.next().then((line) => {
      heard = JSON.stringify(line);
    });
    const types: (string | undefined)[] = [];
    while (types.length < 5) types.push((await healthy.next())?.type);
    expect(types.sort()).toEqual(['ADDED', 'ADDED', 'BOOKMARK', 'BOOKMARK', 'BOOKMARK']);
    expect(heard).toBe('nothing');
    await Promise.all([silent.cancel(), healthy.cancel()]);
  });
});

describe('http server: answers that break on the way', () => {
  /** What a client makes of one answer that is hit by `action`. */
  async function heard(action: FaultAction, init: RequestInit = {}): Promise<string> {
    const { cluster, url } = await start();
    cluster.faults.add({ times: 1, action });
    try {
      const response = await fetch(`${url}${MAPS}`, init);
      return `${response.status} ${await response.text()}`;
    } catch (error) {
      return (error as Error).name;
    }
  }

  it('an answer is cut by a reset, or so that it looks whole', async () => {
    expect(await heard({ kind: 'cut', share: 0.5, end: 'reset' })).toBe('TypeError');
    expect(await heard({ kind: 'cut', share: 0.5, end: 'close' })).toMatch(/^200 \{"kind":"ConfigMapList"[^\]]*$/);
  });

  it('an answer is no JSON, or no HTTP', async () => {
    expect(await heard({ kind: 'garbage', of: 'body' })).toBe('200 <html><body>Welcome to nginx!</body></html>');
    expect(await heard({ kind: 'garbage', of: 'protocol' })).toBe('TypeError');
  });

  it('an answer comes byte by byte, whole in the end', async () => {
    expect(await heard({ kind: 'trickle', everyMs: 0 })).toMatch(/^200 \{.*"items":\[\]\}$/);
  });

  it.each([
    { kind: 'hang', when: 'before' },
    { kind: 'hang', when: 'after' },
    { kind: 'cut', share: 0.5, end: 'hang' },
  ] as const)('$kind $when: nothing more comes, and the connection stays', async (action) => {
    const { cluster, url } = await start();
    const fault = cluster.faults.add({ methods: ['POST'], times: 1, action });
    const abort = new AbortController();
    const body = JSON.stringify({ metadata: { name: 'a' } });
    const headers = { 'content-type': 'application/json' };
    const call = fetch(`${url}${MAPS}`, { method: 'POST', body, headers, signal: abort.signal }).then((one) =>
      one.text(),
    );
    await expect.poll(fault.hits).toBe(1);
    // Whatever was asked later has been answered.
    expect((await fetch(`${url}${MAPS}`)).status).toBe(200);
    abort.abort();
    await expect(call).rejects.toThrow('aborted');
    const carriedOut = cluster.request('GET', `${MAPS}/a`).status === 200;
    expect(carriedOut).toBe(action.kind === 'cut' || action.when === 'after');
  });
});

describe('http server: watches that break', () => {
  /** The lines of a watch that is hit by `action` while three objects are created. */
  async function lines(action: FaultAction): Promise<string[]> {
    const { cluster, url } = await start();
    cluster.faults.add({ times: 1, action });
    const response = await fetch(`${url}${MAPS}?watch=1&resourceVersion=1`);
    for (const name of ['a', 'b', 'c']) createMap(cluster, name);
    await closing.pop()?.();
    return (await response.text()).split('\n');
  }
  const nameOf = (line: string) => JSON.parse(line).object.metadata.name as string;

  it('within a line', async () => {
    const [first = '', second = '', ...more] = await lines({ kind: 'watch', end: 'tear', afterEvents: 1 });
    expect([nameOf(first), more]).toEqual(['a', []]);
    expect(() => JSON.parse(second)).toThrow(SyntaxError);
  });

  it('by a version that is forgotten', async () => {
    const [, last = '', ...more] = await lines({ kind: 'watch', end: 'expire', afterEvents: 1 });
    expect(JSON.parse(last)).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    expect(more).toEqual(['']);
  });

  it('by a line that is spoiled among others', async () => {
    const [first = '', second = '', third = ''] = await lines({ kind: 'garble', afterEvents: 1 });
    expect([nameOf(first), nameOf(third)]).toEqual(['a', 'c']);
    expect(() => JSON.parse(second)).toThrow(SyntaxError);
  });

  it('by telling everything twice, and the old after the new', async () => {
    const told = (await lines({ kind: 'echo' })).filter((line) => line !== '').map(nameOf);
    expect(told.join('')).toBe('aa' + 'bba' + 'ccab');
  });
});

describe('http server: access', () => {
  const users = new Map([['secret', { name: 'forescale', groups: [] }]]);

  it('asks for a token where users are known, but for its health', async () => {
    const { url, kube } = await start({ users }, 60_000, 'secret');
    expect((await fetch(`${url}/api/v1/nodes`)).status).toBe(401);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect((await kube.makeApiClient(CoreV1Api).listNode()).items).toEqual([]);
  });

  it('answers 403 to what the authorizer refuses, and says so in an access review', async () => {
    const authorizer = { allows: (_user: unknown, { verb }: { verb: string }) => verb === 'list' || verb === 'create' };
    const { core, url } = await start({ users, authorizer }, 60_000, 'secret');
    expect((await core.listNode()).items).toEqual([]);
    expect(await refusalOf(core.deleteNode({ name: 'x' }))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'nodes "x" is forbidden: User "forescale" cannot delete resource "nodes" in API group "" at the cluster scope',
    });
    const review = async (verb: string) => {
      const response = await fetch(`${url}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`, {
        method: 'POST',
        headers: { authorization: 'Bearer secret', 'content-type': 'application/json' },
        body: JSON.stringify({ spec: { resourceAttributes: { verb, resource: 'nodes' } } }),
      });
      return ((await response.json()) as { status: { allowed: boolean } }).status.allowed;
    };
    expect([await review('list'), await review('delete')]).toEqual([true, false]);
  });

  it('answers the wrong path, method, media type and size as a server does', async () => {
    const { url } = await start();
    const status = async (path: string, init: RequestInit = {}) => (await fetch(`${url}${path}`, init)).status;
    expect(await status('/nothing')).toBe(404);
    expect(await status('/api/v1/nothings')).toBe(404);
    expect(await status('/api/v1/nodes', { method: 'PUT', body: '{}' })).toBe(405);
    expect(await status('/api/v1/nodes', { method: 'POST', body: '{' })).toBe(415);
    const json = { 'content-type': 'application/json' };
    expect(await status('/api/v1/nodes', { method: 'POST', body: '{', headers: json })).toBe(400);
    const huge = JSON.stringify({ data: 'x'.repeat(4 * 2 ** 20) });
    expect(await status('/api/v1/nodes', { method: 'POST', body: huge, headers: json })).toBe(413);
    const apply = { 'content-type': 'application/apply-patch+yaml' };
    expect(await status('/api/v1/namespaces/default', { method: 'PATCH', body: '{}', headers: apply })).toBe(415);
    expect(await status('/api/v1/%ZZ')).toBe(400);
  });
});

describe('http server: discovery and metrics', () => {
  it('says what it serves', async () => {
    const { url } = await start();
    const get = async (path: string) => (await fetch(`${url}${path}`)).json() as Promise<Record<string, unknown>>;
    expect(await get('/version')).toMatchObject({ major: '1' });
    expect(await get('/api')).toMatchObject({ versions: ['v1'] });
    const { groups } = (await get('/apis')) as { groups: { name: string }[] };
    expect(groups.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['apps', 'policy', 'coordination.k8s.io', 'metrics.k8s.io', 'authorization.k8s.io']),
    );
    const { resources } = (await get('/api/v1')) as { resources: { name: string }[] };
    expect(resources.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['pods', 'pods/eviction', 'nodes/status']),
    );
  });

  it('serves the use of ready nodes, until that is switched off', async () => {
    const { cluster, kube } = await start({ initialNodes: [{ offering: SMALL, count: 2 }] });
    const metrics = new Metrics(kube);
    const { items } = await metrics.getNodeMetrics();
    expect(items.map((item) => item.metadata.name)).toEqual(['node-0', 'node-1']);
    expect(items[0]?.usage).toEqual({ cpu: '80000000n', memory: '409600Ki' });
    cluster.metrics.enabled = false;
    await expect(metrics.getNodeMetrics()).rejects.toMatchObject({ code: 404 });
  });

  it('ends its watches cleanly when it closes', async () => {
    const { kube } = await start();
    let signalEnd = (_error: unknown) => {};
    const ended = new Promise((resolve) => {
      signalEnd = resolve;
    });
    await new Watch(kube).watch(MAPS, {}, () => {}, signalEnd);
    await closing.splice(0)[0]?.();
    expect(await ended).toBeNull();
  });

  it('serves other machines only with tokens', async () => {
    const options = { seed: 1, startMs: 0, offerings: [SMALL] };
    await expect(createSimulatedCluster(options).listen({ host: '0.0.0.0' })).rejects.toThrow(RangeError);
  });
});
