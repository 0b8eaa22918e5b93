import { KubeConfig } from '@kubernetes/client-node';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KubernetesRefusedError, KubernetesUnavailableError } from './index.ts';
import { getJson, listAll } from './list.ts';

let app: FastifyInstance;
let kube: KubeConfig;

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
    return { metadata: next < 1_200 ? { continue: `at &${next}` } : {}, items };
  });
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
  expect(await listAll(kube, '/pages')).toEqual(Array.from({ length: 1_200 }, (_, index) => index));
});

it('takes null for a list of nothing', async () => {
  expect(await listAll(kube, '/nothing')).toEqual([]);
});

it('signs its requests', async () => {
  expect(await getJson(kube, '/who')).toEqual({ authorization: 'Bearer the-token' });
});

it('gives up on a list without an end', async () => {
  await expect(listAll(kube, '/for-ever')).rejects.toThrow('GET /for-ever: more than 1000 pages of 500');
});

it.each([
  ['/junk', 'GET /junk: the answer is not JSON'],
  ['/other', '/other: items: '],
  ['/status/403', 'GET /status/403: HTTP 403'],
  ['/status/404', 'GET /status/404: HTTP 404'],
])('%s is a refusal', async (path, message) => {
  await expect(path === '/other' ? listAll(kube, path) : getJson(kube, path)).rejects.toThrow(message);
  await expect(path === '/other' ? listAll(kube, path) : getJson(kube, path)).rejects.toThrow(KubernetesRefusedError);
});

it.each(['/status/429', '/status/500', '/status/503'])('%s may go away', async (path) => {
  await expect(getJson(kube, path)).rejects.toThrow(KubernetesUnavailableError);
});

it('credentials that cannot be had may be had later', async () => {
  const bad = kubeOf('http://127.0.0.1:1');
  bad.loadFromOptions({ ...bad, users: [{ name: 'u', exec: { apiVersion: 'v1', command: '/no/such/program' } }] });
  await expect(getJson(bad, '/who')).rejects.toThrow(KubernetesUnavailableError);
});

it('a server that is away may come back, and the error says what is wrong', async () => {
  const gone = kubeOf(app.listeningOrigin);
  await app.close();
  await expect(getJson(gone, '/who')).rejects.toThrow(new KubernetesUnavailableError('GET /who: ECONNREFUSED'));
});
