import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
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
