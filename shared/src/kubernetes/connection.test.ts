import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ConfigError } from '../config/index.ts';
import { connectKubernetes, createClusterReader, createClusterWriter } from './index.ts';

const config = { kubeconfig: null, context: null, url: null };

it.each([
  ['http://127.0.0.1:8001', true],
  ['https://cluster.example:6443', false],
])('%s: without its certificate checked: %s', (url, skipTLSVerify) => {
  const cluster = connectKubernetes({ ...config, url }).getCurrentCluster();
  expect(cluster).toMatchObject({ server: url, skipTLSVerify });
});

it('a token that no header can carry is refused without being shown, whatever is logged of the error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'forescale-kubeconfig-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'config');
  const text = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'x' },
    clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1', 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token: 'hidden-1\nhidden-2' } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(kubeconfig, JSON.stringify(text));
  const kube = connectKubernetes({ ...config, kubeconfig });
  for (const call of [() => createClusterReader(kube).usage(), () => createClusterWriter(kube).deleteNode('n')]) {
    const error: unknown = await call().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: 10 })).not.toContain('hidden');
    expect(inspect(error, { depth: 10 })).toContain('credentials of the kubeconfig');
  }
});

const KUBECONFIG = { apiVersion: 'v1', kind: 'Config', 'current-context': 'x' };

it.each<[what: string, text: string | null, context: string | null, message: string]>([
  ['is absent', null, null, 'kubeconfig = FILE: cannot be read: ENOENT'],
  ['is something else', 'clusters: [{ user: hidden', null, 'kubeconfig = FILE: allowed: a kubeconfig'],
  [
    'has no contexts',
    JSON.stringify(KUBECONFIG),
    null,
    'context = x: allowed: a kubeconfig that has contexts, each with its cluster',
  ],
  [
    'has others',
    JSON.stringify({
      ...KUBECONFIG,
      clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1' } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    }),
    'y',
    'context = y: allowed: one of x, each with its cluster',
  ],
])('a kubeconfig that %s is named with its field, and not quoted', async (_what, text, context, message) => {
  const folder = await mkdtemp(join(tmpdir(), 'forescale-kubeconfig-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kubeconfig = join(folder, 'config');
  if (text !== null) await writeFile(kubeconfig, text);
  const told = new ConfigError(`provider.${message.replace('FILE', kubeconfig)}`);
  expect(() => connectKubernetes({ url: null, kubeconfig, context }, 'provider')).toThrow(told);
});

it('so is one that the environment names', () => {
  vi.stubEnv('KUBECONFIG', '/none/config');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(() => connectKubernetes(config)).toThrow(new ConfigError('KUBECONFIG = /none/config: cannot be read: ENOENT'));
});

it('without any it says where one was looked for', () => {
  vi.stubEnv('KUBECONFIG', '');
  vi.stubEnv('HOME', '/none');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(() => connectKubernetes(config)).toThrow(/^autoscaler\.kubernetes\.kubeconfig is absent: allowed: a path, /);
});

it('calls one after the other share their connections', async () => {
  let connections = 0;
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end('{"metadata":{},"items":[]}'),
  );
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kube = connectKubernetes({ ...config, url });
  const reader = createClusterReader(kube);
  for (let i = 0; i < 5; i++) await reader.usage();
  for (let i = 0; i < 5; i++) await createClusterWriter(kube).deleteNode('gone');
  expect(connections).toBeLessThanOrEqual(2);
  server.closeAllConnections();
  server.close();
});
