import { join } from 'node:path';
import { POOL_LABEL } from '@forescale/shared/config';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Conducted } from '../harness/conducted.ts';
import { OutsideClient } from '../harness/outside-client.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { startPod } from './installed-pod.ts';
import { render } from './rendered.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 4, 12);
const MINUTES = 25;
const LOAD = 1_150;
const TOKEN = 'of-the-secret';
const SECRETS = { 'http-token': TOKEN, 'nats-token': TOKEN, 'influxdb-password': TOKEN };

const closing: (() => Promise<unknown>)[] = [];
const urls: string[] = [];
let conducted: Conducted;
let outside: OutsideClient;
let kubernetes: CoreV1Api;

/** Values of an installation whose pool is made by the simulated cloud, with the time of the test. */
function values(clusterUrl: string, servers: { readonly nats: string; readonly influx: string }) {
  return {
    enforce: true,
    predictor: { replicas: 1 },
    actuator: { replicas: 1 },
    config: {
      clock: { source: 'bus', tick: '60s' },
      store: { url: servers.influx },
      bus: { url: servers.nats },
      kubernetes: { url: clusterUrl },
      pools: [
        {
          name: 'web',
          mode: 'enforce',
          provider: { kind: 'simulated', url: clusterUrl },
          capacity_per_node: 100,
          lead_time: '95s',
          bounds: { min_nodes: 2, max_nodes: 40 },
          template: { labels: { role: 'web' }, allocatable: { cpu: '4', memory: '8Gi', pods: 58 } },
          offerings: [{ instance_type: 'small', zone: 'a', usd_per_hour: 0.1 }],
          signals: [{ name: 'load', interval: '60s' }],
        },
      ],
    },
  };
}

const nodes = async () => (await kubernetes.listNode({ labelSelector: `${POOL_LABEL}=web` })).items;

beforeAll(async () => {
  const { nats, influx, directory } = await startRealServers(closing);
  outside = await OutsideClient.connect(nats.url, influx.url);
  closing.push(() => outside.close());
  const endMs = START_MS + MINUTES * MINUTE_MS;
  conducted = await Conducted.start({ startMs: START_MS, endMs, load: () => LOAD, initialNodes: 4 }, nats.url);
  closing.push(() => conducted.close());
  const kube = new KubeConfig();
  kube.loadFromClusterAndUser({ name: 'sim', server: conducted.clusterUrl, skipTLSVerify: true }, { name: 'user' });
  kubernetes = kube.makeApiClient(CoreV1Api);
  const manifests = render(values(conducted.clusterUrl, { nats: nats.url, influx: influx.url }));
  const workloads = manifests.filter(({ kind }) => kind === 'StatefulSet' || kind === 'Deployment');
  expect(workloads.map(({ metadata }) => metadata.name).sort()).toEqual([
    'forescale-actuator',
    'forescale-collector',
    'forescale-predictor',
  ]);
  await Promise.all(
    workloads.map(async (one) => {
      const service = await startPod(one, manifests, join(directory.path, one.metadata.name), SECRETS);
      closing.push(() => service.interrupt());
      urls.push(service.url);
    }),
  );
});

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

it('what the chart installs scales a pool, is ready by its probes, and shows its metrics to the token only', async () => {
  expect(await nodes()).toHaveLength(4);
  // The collector makes the stream of KPIs with its first tick.
  await conducted.tick('collector');
  for (let minute = 1; minute <= MINUTES; minute++) await conducted.minute((nowMs) => outside.publishKpi(nowMs, LOAD));
  const scaled = await nodes();
  expect(scaled.length).toBeGreaterThanOrEqual(12);
  expect(scaled.length).toBeLessThanOrEqual(20);
  for (const url of urls) {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ ready: true });
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    expect((await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
  }
});
