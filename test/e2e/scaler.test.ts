import { appendFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { parseQuantity } from '@forescale/shared/domain';
import { createSqliteStore } from '@forescale/shared/store';
import { systemClock } from '@forescale/shared/time';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory, writeConfig } from '../harness/config-file.ts';
import { KedaClient } from '../harness/keda-client.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';
import { CA, SERVER_CERT, SERVER_KEY } from '../providers/externalgrpc/certificates.ts';

const WITHIN_MS = 60_000;
const MINUTE_MS = 60_000;
const LOAD = 100;
const TOKEN = 'a-token-of-the-test';
const REF = { name: 'shop', namespace: 'prod', scalerMetadata: { pool: 'web', signal: 'load', target: '30' } };

const closing: (() => Promise<unknown>)[] = [];
let keda: KedaClient;
let metricsPort: number;

/** Three hours of a load that goes up and down around 100, up to now. */
async function measure(path: string): Promise<void> {
  const store = await createSqliteStore({ path, clock: systemClock });
  const nowMs = Date.now();
  await store.write(
    Array.from({ length: 181 }, (_, i) => ({
      measurement: 'kpi',
      tags: { pool: 'web', signal: 'load', source: 'test' },
      fields: { value: LOAD + 20 * Math.sin(i / 10) },
      timeMs: nowMs - (180 - i) * MINUTE_MS,
    })),
  );
  await store.close();
}

/** One process, embedded, whose cluster is away: no tick of the actuator ends well, and nobody leads. */
beforeAll(async () => {
  const { path: directory, remove } = await temporaryDirectory();
  closing.push(remove);
  const file = async (name: string, text: string) => {
    await writeFile(join(directory, name), text);
    return JSON.stringify(join(directory, name));
  };
  const config = await writeConfig({ directory, clusterUrl: 'http://127.0.0.1:1', clock: 'system', tick: '1s' });
  const tls = `cert_file: ${await file('s.crt', SERVER_CERT)}, key_file: ${await file('s.key', SERVER_KEY)}`;
  const metrics = `{ port: 0, ${tls}, token_file: ${await file('token', TOKEN)} }`;
  await appendFile(config, `  scaler: { grpc: { port: 0 }, external_metrics: ${metrics} }\n`);
  await measure(join(directory, 'store.db'));
  const up = await ForescaleProcess.service(['up', '--config', config]);
  closing.push(() => up.interrupt());
  const portOf = async (what: string) =>
    Number(await up.says(new RegExp(`"port":(\\d+),"msg":"${what}: listening"`), 'stderr'));
  keda = new KedaClient(await portOf('KEDA external scaler'));
  closing.push(async () => keda.close());
  metricsPort = await portOf('external metrics');
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

function get(path: string): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const how = { host: '127.0.0.1', port: metricsPort, path, ca: CA, servername: 'cloud.test', headers, agent: false };
    const sent = request(how, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, text });
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('one process, embedded, without a cluster', () => {
  it('scales pods on the forecast, over both protocols alike', async () => {
    const spec = await keda.call('GetMetricSpec', REF);
    expect(spec).toMatchObject({ code: status.OK, answer: { metricSpecs: [{ targetSizeFloat: 30 }] } });
    const asked = { scaledObjectRef: REF, metricName: 'forescale-web-load' };
    const value = await eventually('the forecast is asked for', WITHIN_MS, async () => {
      const { answer, trailer } = await keda.call('GetMetrics', asked);
      const [first] = (answer as { metricValues: { metricValueFloat: number }[] } | null)?.metricValues ?? [];
      return trailer['forescale-without-forecast'] === undefined && first ? first.metricValueFloat : null;
    });
    expect(value).toBeGreaterThan(LOAD - 20);
    expect(value).toBeLessThan(2 * LOAD);
    expect((await keda.call('IsActive', REF)).answer).toEqual({ result: true });
    const selector = encodeURIComponent('pool=web,signal=load');
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/prod/forescale-load?labelSelector=${selector}`;
    const listed = await get(path);
    expect(listed.status).toBe(200);
    const [item] = (JSON.parse(listed.text) as { items: { value: string }[] }).items;
    // A tick may lie between the two.
    expect(parseQuantity(item?.value ?? '')).toBeGreaterThan(0.7 * value);
    expect(parseQuantity(item?.value ?? '')).toBeLessThan(1.3 * value);
  });
});
