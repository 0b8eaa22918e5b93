import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { connectKubernetes, createClusterReader, createClusterWriter } from './index.ts';

const config = { kubeconfig: null, context: null, url: null };

it.each([
  ['http://127.0.0.1:8001', true],
  ['https://cluster.example:6443', false],
])('%s: without its certificate checked: %s', (url, skipTLSVerify) => {
  const cluster = connectKubernetes({ ...config, url }).getCurrentCluster();
  expect(cluster).toMatchObject({ server: url, skipTLSVerify });
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
