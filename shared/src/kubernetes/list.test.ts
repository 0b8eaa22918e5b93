import { KubeConfig } from '@kubernetes/client-node';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ManualClock, systemClock } from '../time/index.ts';
import { getJson } from './get.ts';
import { createSurroundings, KubernetesRefusedError, KubernetesUnavailableError } from './index.ts';
import { listAll, listPages, newestVersion } from './list.ts';

let app: FastifyInstance;
let kube: KubeConfig;
/** So many answers to `/shaky` fail. */
let failures = 0;

const get = (path: string, from = kube) => getJson(from, path);
const all = (path: string) => listAll(kube, path);

function kubeOf(server: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server, skipTLSVerify: true }],
    users: [{ name: 'u', token: 'the-token' }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  return config;
}

beforeEach(async () => {
  app = fastify({ forceCloseConnections: true });
  app.get('/pages', (request) => {
    const { limit, continue: token } = request.query as { limit?: string; continue?: string };
    const from = Number(token?.replace('at &', '') ?? 0);
    const items = Array.from({ length: Math.min(Number(limit), 1_200 - from) }, (_, index) => from + index);
    const next = from + items.length;
    return { metadata: { resourceVersion: '7', ...(next < 1_200 && { continue: `at &${next}` }) }, items };
  });
  app.get('/forgotten', (request, reply) => {
    if ('continue' in (request.query as object)) return reply.code(410).send();
    return { metadata: { continue: 'x' }, items: [1] };
  });
  app.get('/shaky', (request, reply) => {
    const { continue: token } = request.query as { continue?: string };
    if (token !== 'second') return { metadata: { continue: 'second' }, items: [1] };
    if (failures-- <= 0) return { items: [2] };
    return failures % 2 === 0 ? request.socket.destroy() : reply.send('<html>');
  });
  app.get('/busy/:until', (request, reply) =>
    reply
      .code(503)
      .header('retry-after', (request.params as { until: string }).until)
      .send(),
  );
  app.get('/never', () => new Promise(() => {}));
  app.get('/torn', (_request, reply) => reply.send('{"items":[{"metadata"'));
  app.get('/nothing', () => ({ metadata: {}, items: null }));
  app.get('/for-ever', () => ({ metadata: { continue: 'x' }, items: [] }));
  app.get('/junk', (_request, reply) => reply.send('<html>'));
  app.get('/other', () => ({ items: 5 }));
  app.get('/who', (request) => ({ authorization: request.headers.authorization }));
  app.get('/status/:status', (request, reply) =>
    reply.code(Number((request.params as { status: string }).status)).send(),
  );
  kube = kubeOf(await app.listen({ host: '127.0.0.1', port: 0 }));
});
afterEach(() => app.close());

it('reads page after page', async () => {
  expect(await all('/pages')).toEqual(Array.from({ length: 1_200 }, (_, index) => index));
});

it('resolves to the version that all pages show, and the newest one without the rest', async () => {
  expect(await listPages(kube, '/pages', systemClock, () => {})).toBe('7');
  expect(await newestVersion(kube, '/pages', systemClock)).toBe('7');
});

it('a list whose state is forgotten before its end may be had anew', async () => {
  await expect(all('/forgotten')).rejects.toThrow(KubernetesUnavailableError);
});

it('a server that accepts and never answers is given up after 30 s', async () => {
  const clock = new ManualClock(0);
  const answer = getJson(kube, '/never', clock);
  clock.advanceTo(30_000);
  await expect(answer).rejects.toThrow(new KubernetesUnavailableError('GET /never: no answer within 30000 ms'));
});

it('nobody waits for annotations that long: every tick needs them, and what was read last holds on', async () => {
  const clock = new ManualClock(0);
  const server = fastify({ forceCloseConnections: true });
  server.get('/*', () => new Promise(() => undefined));
  const answer = createSurroundings(kubeOf(await server.listen({ host: '127.0.0.1', port: 0 })), clock).annotations(
    'n',
    'c',
  );
  clock.advanceTo(5_000);
  await expect(answer).rejects.toThrow('no answer within 5000 ms');
  await server.close();
});

it('one answer that is lost, or is no JSON, does not cost the whole list; three do', async () => {
  failures = 2;
  expect(await all('/shaky')).toEqual([1, 2]);
  failures = 3;
  await expect(all('/shaky')).rejects.toThrow(KubernetesUnavailableError);
});

it.each([
  ['7', [7_000, 7_000]],
  ['0', [100, 300]],
  ['Wed, 21 Oct 2026 12:00:00 GMT', [100, 300]],
  ['3600', []],
])('Retry-After %s: waits of %j ms between tries', async (header, expected) => {
  const path = `/busy/${encodeURIComponent(header)}`;
  const waitsMs: number[] = [];
  // Every wait is over at once, but for the one for the time-out.
  const clock = {
    nowMs: () => 0,
    sleep: (ms: number) => (ms === 30_000 ? new Promise<void>(() => {}) : Promise.resolve(void waitsMs.push(ms))),
  };
  await expect(getJson(kube, path, clock)).rejects.toThrow('HTTP 503');
  expect(waitsMs).toEqual(expected);
});

it('takes null for a list of nothing', async () => {
  expect(await all('/nothing')).toEqual([]);
});

it('signs its requests', async () => {
  expect(await get('/who')).toEqual({ authorization: 'Bearer the-token' });
});

it('gives up on a list without an end', async () => {
  await expect(all('/for-ever')).rejects.toThrow('GET /for-ever: more than 1000 pages of 500');
});

it.each([
  ['/other', '/other: items: '],
  ['/status/403', 'GET /status/403: HTTP 403'],
  ['/status/404', 'GET /status/404: HTTP 404'],
])('%s is a refusal', async (path, message) => {
  await expect(path === '/other' ? all(path) : get(path)).rejects.toThrow(message);
  await expect(path === '/other' ? all(path) : get(path)).rejects.toThrow(KubernetesRefusedError);
});

it.each(['/status/429', '/status/500', '/status/503', '/junk', '/torn'])('%s may go away', async (path) => {
  await expect(get(path)).rejects.toThrow(KubernetesUnavailableError);
});

it('credentials that cannot be had may be had later', async () => {
  const bad = kubeOf('http://127.0.0.1:1');
  bad.loadFromOptions({ ...bad, users: [{ name: 'u', exec: { apiVersion: 'v1', command: '/no/such/program' } }] });
  await expect(get('/who', bad)).rejects.toThrow(KubernetesUnavailableError);
});

it('a server that is away may come back, and the error says what is wrong', async () => {
  const gone = kubeOf(app.listeningOrigin);
  await app.close();
  await expect(get('/who', gone)).rejects.toThrow(new KubernetesUnavailableError('GET /who: ECONNREFUSED'));
});
