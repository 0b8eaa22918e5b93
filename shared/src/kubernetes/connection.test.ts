import { expect, it } from 'vitest';
import { connectKubernetes } from './index.ts';

const config = { enabled: true, kubeconfig: null, context: null, url: null, namespace: 'forescale' };

it.each([
  ['http://127.0.0.1:8001', true],
  ['https://cluster.example:6443', false],
])('%s: without its certificate checked: %s', (url, skipTLSVerify) => {
  const cluster = connectKubernetes({ ...config, url }).getCurrentCluster();
  expect(cluster).toMatchObject({ server: url, skipTLSVerify });
});
