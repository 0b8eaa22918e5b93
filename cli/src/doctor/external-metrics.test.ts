import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseConfig } from '@forescale/shared/config';
import { connectKubernetes, readApiService } from '@forescale/shared/kubernetes';
import { systemClock } from '@forescale/shared/time';
import { expect, it, onTestFinished } from 'vitest';
import { checkExternalMetrics, EXTERNAL_METRICS } from './external-metrics.ts';

const PATIENCE = { clock: systemClock, timeoutMs: 60_000 };
const SERVED = '{ external_metrics: { cert_file: c, key_file: k, token_file: t } }';

/** What doctor says where the API server answers so to whoever asks for the one APIService. */
async function found(status: number, body: object, scaler = SERVED) {
  const server = createServer((request, response) => {
    const isAsked = request.url === `/apis/apiregistration.k8s.io/v1/apiservices/${EXTERNAL_METRICS}`;
    response.statusCode = isAsked ? status : 500;
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kube = connectKubernetes({ url, kubeconfig: null, context: null });
  const config = parseConfig(`autoscaler: { scaler: ${scaler}, kubernetes: { namespace: ahead } }`, 'test', {});
  return await checkExternalMetrics(config, (signal) => readApiService(kube, EXTERNAL_METRICS, signal), PATIENCE);
}

const apiService = (service: object | null, available = 'True') => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: EXTERNAL_METRICS },
  spec: { service, group: 'external.metrics.k8s.io', version: 'v1beta1' },
  status: { conditions: [{ type: 'Available', status: available, message: 'no endpoints' }] },
});
const OURS = { namespace: 'ahead', name: 'forescale-external-metrics', port: 443 };
const KEDAS = { namespace: 'keda', name: 'keda-operator-metrics-apiserver', port: 443 };
const NOT_FOUND = { kind: 'Status', message: 'not found', code: 404 };

it.each<readonly [string, number, object, string, string]>([
  ['ours', 200, apiService(OURS), 'ok', 'ahead/forescale-external-metrics'],
  [
    'ours, and away',
    200,
    apiService(OURS, 'False'),
    'warn',
    'ahead/forescale-external-metrics: not available: no endpoints',
  ],
  [
    "KEDA's",
    200,
    apiService(KEDAS),
    'fail',
    `APIService ${EXTERNAL_METRICS} is keda/keda-operator-metrics-apiserver's, not ahead/forescale-external-metrics's: a cluster has one; use scaler.grpc with KEDA`,
  ],
  [
    "the API server's own",
    200,
    apiService(null),
    'fail',
    `APIService ${EXTERNAL_METRICS} is the API server's, not ahead/forescale-external-metrics's: a cluster has one; use scaler.grpc with KEDA`,
  ],
  ['not there', 404, NOT_FOUND, 'warn', "nobody's yet: apply deploy/kubernetes/external-metrics.yaml"],
])('doctor: an External Metrics API that is %s', async (_, status, body, state, detail) => {
  expect(await found(status, body)).toEqual([
    { check: 'single writer', subject: 'External Metrics API', state, detail },
  ]);
});

it('doctor: one that may not be looked at is not known', async () => {
  const [finding] = await found(403, { kind: 'Status', message: 'forbidden', code: 403 });
  expect(finding).toMatchObject({ state: 'warn', detail: expect.stringContaining('not known whose it is: ') });
});

it('doctor: one that is not ours to serve is not looked at', async () => {
  expect(await found(500, {}, '{}')).toEqual([]);
});
