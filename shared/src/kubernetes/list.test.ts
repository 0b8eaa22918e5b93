import { KubeConfig } from '@kubernetes/client-node';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ManualClock, systemClock } from '../time/index.ts';
import { getJson } from './get.ts';
import { KubernetesRefusedError, KubernetesUnavailableError } from './index.ts';
import { listPages, newestVersion } from './list.ts';

let app: FastifyInstance;
let kube: KubeConfig;

const get = (path: string, from = kube) => getJson(from, path, systemClock);

async function listAll(path: string): Promise<unknown[]> {
  const items: unknown[] = [];
  await listPages(kube, path, systemClock, (page) => items.push(...page));
  return items;
}

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
  app.get('/never', () => new Promise(() => {}));
  app.get('/torn', (_request, reply) => reply.send('{"items":[{"metadata"'));
  app.get('/later', (_request, reply) => reply.code(503).header('retry-after', '7').send());
  app.get('/at-noon', (_request, reply) =>
    reply.code(503).header('retry-after', 'Wed, 21 Oct 2026 12:00:00 GMT').send(),
  );
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
  expect(await listAll('/pages')).toEqual(Array.from({ length: 1_200 }, (_, index) => index));
});

it('resolves to the version that all pages show, and the newest one without the rest', async () => {
  expect(await listPages(kube, '/pages', systemClock, () => {})).toBe('7');
  expect(await newestVersion(kube, '/pages', systemClock)).toBe('7');
});

it('a list whose state is forgotten before its end may be had anew', async () => {
  await expect(listAll('/forgotten')).rejects.toThrow(KubernetesUnavailableError);
});

it('a server that accepts and never answers is given up after 30 s', async () => {
  const clock = new ManualClock(0);
  const answer = getJson(kube, '/never', clock);
  clock.advanceTo(30_000);
  await expect(answer).rejects.toThrow(new KubernetesUnavailableError('GET /never: no answer within 30000 ms'));
});

it('Retry-After is kept where it is a number of seconds', async () => {
  await expect(get('/later')).rejects.toMatchObject({ retryAfterMs: 7_000 });
  await expect(get('/at-noon')).rejects.toMatchObject({ retryAfterMs: null });
});

it('takes null for a list of nothing', async () => {
  expect(await listAll('/nothing')).toEqual([]);
});

it('signs its requests', async () => {
  expect(await get('/who')).toEqual({ authorization: 'Bearer the-token' });
});

it('gives up on a list without an end', async () => {
  await expect(listAll('/for-ever')).rejects.toThrow('GET /for-ever: more than 1000 pages of 500');
});

it.each([
  ['/other', '/other: items: '],
  ['/status/403', 'GET /status/403: HTTP 403'],
  ['/status/404', 'GET /status/404: HTTP 404'],
])('%s is a refusal', async (path, message) => {
  await expect(path === '/other' ? listAll(path) : get(path)).rejects.toThrow(message);
  await expect(path === '/other' ? listAll(path) : get(path)).rejects.toThrow(KubernetesRefusedError);
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
