import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { ConfigError } from '@forescale/shared/config';
import { parseQuantity } from '@forescale/shared/domain';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../../test/harness/config-file.ts';
import {
  CA,
  CLIENT_CERT,
  CLIENT_KEY,
  SERVER_CERT,
  SERVER_KEY,
} from '../../../../test/providers/externalgrpc/certificates.ts';
import { forecastOf } from './forecasts.test-data.ts';
import { startWorld, TOKEN, type World } from './scaler-world.test-data.ts';

const BASE = '/apis/external.metrics.k8s.io/v1beta1';
/** As an autoscaler writes matchLabels: in the order of their names. */
const SELECTOR = 'lead=2m,pool=web,quantile=0.95,signal=rps';
const FRONT_PROXY = { cert: CLIENT_CERT, key: CLIENT_KEY };
/** Of the same authority, under another name. */
const STRANGER = { cert: SERVER_CERT, key: SERVER_KEY };

let files: { readonly cert: string; readonly key: string; readonly ca: string };
let world: World | null = null;

beforeAll(async () => {
  const directory = await temporaryDirectory();
  const file = async (name: string, text: string) => {
    const path = join(directory.path, name);
    await writeFile(path, text);
    return path;
  };
  files = { cert: await file('s.crt', SERVER_CERT), key: await file('s.key', SERVER_KEY), ca: await file('ca', CA) };
  return () => directory.remove();
});
afterEach(async () => {
  await world?.stop();
  world = null;
});

async function start(more = '', ca = files.ca): Promise<World> {
  const { cert, key } = files;
  world = await startWorld(
    `{ external_metrics: { port: 0, cert_file: "${cert}", key_file: "${key}", requestheader_ca_file: "${ca}"${more} } }`,
  );
  return world;
}

interface Answer {
  readonly status: number;
  readonly warning: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the test looks at whatever came
  readonly body: any;
}

function get(path: string, by: object = FRONT_PROXY, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: world?.scaler.metricsPort,
        path,
        ca: CA,
        servername: 'cloud.test',
        headers,
        agent: false,
        ...by,
      },
      async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        const { statusCode: status = 0 } = response;
        resolve({ status, warning: response.headers.warning, body: JSON.parse(text) });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

const metric = (selector = SELECTOR, name = 'forescale-load') =>
  get(`${BASE}/namespaces/prod/${name}?labelSelector=${encodeURIComponent(selector)}`);

/** What a HorizontalPodAutoscaler comes to with a target of type AverageValue: it counts in thousandths. */
async function replicasOf(averageValue: string): Promise<number> {
  const { status, body } = await metric();
  if (status !== 200) throw new Error(body.message);
  const milli = (text: string) => Math.ceil((parseQuantity(text) as number) * 1_000);
  const total = body.items.reduce((sum: number, item: { value: string }) => sum + milli(item.value), 0);
  return Math.ceil(total / milli(averageValue));
}

describe('the External Metrics API', () => {
  it('is found by those who look for it', async () => {
    await start();
    const versions = { groupVersion: 'external.metrics.k8s.io/v1beta1', version: 'v1beta1' };
    const group = { name: 'external.metrics.k8s.io', versions: [versions], preferredVersion: versions };
    expect((await get('/apis')).body).toEqual({ kind: 'APIGroupList', apiVersion: 'v1', groups: [group] });
    expect((await get('/apis/external.metrics.k8s.io')).body).toMatchObject({ kind: 'APIGroup', ...group });
    expect((await get(BASE)).body).toMatchObject({
      kind: 'APIResourceList',
      groupVersion: 'external.metrics.k8s.io/v1beta1',
      resources: [{ name: 'forescale-load', namespaced: true, kind: 'ExternalMetricValueList' }],
    });
  });

  it('gives the forecast quantile of the maximum over the lead', async () => {
    const { publish, measure } = await start();
    await publish(forecastOf());
    await measure(150);
    expect(await metric()).toEqual({
      status: 200,
      warning: undefined,
      body: {
        kind: 'ExternalMetricValueList',
        apiVersion: 'external.metrics.k8s.io/v1beta1',
        metadata: {},
        items: [
          {
            metricName: 'forescale-load',
            metricLabels: { pool: 'web', signal: 'rps', quantile: '0.95', lead: '2m', source: 'forecast' },
            timestamp: '2026-03-04T09:00:00Z',
            value: '320',
          },
        ],
      },
    });
  });

  it.each([
    ['100', 4],
    ['320', 1],
    ['319999m', 2],
    ['0.5', 640],
    ['1k', 1],
  ])('an HPA with averageValue %s wants %i replicas', async (averageValue, replicas) => {
    const { publish } = await start();
    await publish(forecastOf());
    expect(await replicasOf(averageValue)).toBe(replicas);
  });

  it('falls back to the observed load, and warns of it', async () => {
    const { measure } = await start();
    await measure(150.25);
    const { body, warning } = await metric('pool=web,signal==rps');
    expect(body.items[0]).toMatchObject({ value: '150250m', metricLabels: { source: 'observed', lead: '2m' } });
    expect(warning).toBe('299 forescale "the observed load: the forecast is not there yet"');
  });

  it('that knows nothing fails, so that an HPA keeps what there is', async () => {
    await start();
    const { status, body } = await metric();
    expect(status).toBe(503);
    expect(body).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'ServiceUnavailable', code: 503 });
    await expect(replicasOf('100')).rejects.toThrow('web/rps: the forecast is not there yet');
  });

  it.each([
    ['', 'pool is absent; allowed: web'],
    ['pool=web,signal=cpu', 'signal = "cpu"; allowed: rps'],
    ['pool=web,signal=rps,quantile=1', 'quantile = "1"; allowed: a number from 0.1 to 0.999'],
    ['pool=web,signal=rps,app=x', '"app": unknown; allowed: pool, signal, quantile, lead'],
    ['pool in (web),signal=rps', 'labelSelector "pool in (web)"; allowed: matchLabels, each once'],
    ['pool!=web', 'labelSelector "pool!=web"; allowed: matchLabels, each once'],
    ['pool=web,pool=web', 'labelSelector "pool=web"; allowed: matchLabels, each once'],
    ['x'.repeat(2_001), 'labelSelector: 2001 characters; allowed: at most 2000'],
    ['__proto__=x', '"__proto__": unknown; allowed: pool, signal, quantile, lead'],
  ])('refuses the selector %j', async (selector, message) => {
    await start();
    const { status, body } = await metric(selector);
    expect([status, body.reason, body.message]).toEqual([400, 'BadRequest', message]);
  });

  it('has one metric, and nothing else below its paths', async () => {
    await start();
    const { status, body } = await metric(SELECTOR, 'requests');
    expect([status, body.message]).toEqual([404, 'metric = "requests"; allowed: forescale-load']);
    for (const path of ['/', '/api/v1/plan', '/metrics', `${BASE}/namespaces/prod`])
      expect((await get(path)).body).toMatchObject({ kind: 'Status', code: 404 });
    const twice = await get(`${BASE}/namespaces/prod/forescale-load?labelSelector=pool%3Dweb&labelSelector=x`);
    expect(twice.status).toBe(400);
  });
});

describe('who may ask', () => {
  it.each([
    ['the API server', FRONT_PROXY, {}, 200],
    ['nobody', {}, {}, 401],
    ['whoever only claims to be somebody', {}, { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' }, 401],
    ['a certificate of the authority under another name', STRANGER, {}, 401],
    ['the token', {}, { authorization: `Bearer ${TOKEN}` }, 200],
    ['another token', {}, { authorization: `Bearer ${TOKEN}x` }, 401],
  ])('%s: %#', async (_who, by, headers, status) => {
    const { measure } = await start(', requestheader_allowed_names: [client]');
    await measure(1);
    const asked = await get(
      `${BASE}/namespaces/prod/forescale-load?labelSelector=pool%3Dweb%2Csignal%3Drps`,
      by,
      headers,
    );
    expect(asked.status).toBe(status);
    if (status === 401) expect(asked.body).toMatchObject({ kind: 'Status', reason: 'Unauthorized' });
  });

  it('no certificate of another authority', async () => {
    await start('', files.cert);
    expect((await get('/apis')).status).toBe(401);
  });

  it('every certificate of the authority, where no names are given', async () => {
    await start();
    expect((await get('/apis', STRANGER)).status).toBe(200);
  });

  it('names a file that is not there, and an address that is taken', async () => {
    const { cert, key } = files;
    await expect(
      startWorld(`{ external_metrics: { port: 0, cert_file: no-such-file.crt, key_file: "${key}", token_file: t } }`),
    ).rejects.toThrow(
      new ConfigError('autoscaler.scaler.external_metrics.cert_file = no-such-file.crt: cannot be read: ENOENT'),
    );
    const { scaler } = await start();
    const taken = `{ external_metrics: { port: ${scaler.metricsPort}, cert_file: "${cert}", key_file: "${key}", token_file: t } }`;
    await expect(startWorld(taken)).rejects.toThrow(
      `autoscaler.scaler.external_metrics: cannot listen on 127.0.0.1:${scaler.metricsPort}: EADDRINUSE`,
    );
  });
});
