import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { POOL_LABEL } from '@forescale/shared/config';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Manifest } from '../../tools/workloads.ts';
import { Conducted } from '../harness/conducted.ts';
import { OutsideClient } from '../harness/outside-client.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { startRealServers } from '../harness/real-servers.ts';
import { render } from './rendered.ts';

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
}

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 4, 12);
const MINUTES = 25;
const LOAD = 1_150;
const TOKEN = 'of-the-secret';

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

/** Starts what a manifest's pod runs, with its volumes as folders below `directory`, and on loopback. */
async function startPod(manifest: Manifest, manifests: readonly Manifest[], directory: string): Promise<void> {
  const { template } = manifest.spec as { readonly template: { readonly spec: PodSpec } };
  const [container] = template.spec.containers as readonly [Container];
  const root = join(directory, container.name);
  const inside = (text: string) => text.replaceAll(/\/(etc|var\/lib)\/forescale/g, `${root}$&`);
  for (const { name, mountPath } of container.volumeMounts) {
    const folder = join(root, mountPath);
    await mkdir(folder, { recursive: true });
    const map = template.spec.volumes.find((volume) => volume.name === name)?.configMap?.name;
    const data = manifests.find((one) => one.kind === 'ConfigMap' && one.metadata.name === map)?.data ?? {};
    for (const [file, text] of Object.entries(data)) {
      const local = inside(text).replace('host: 0.0.0.0', 'host: 127.0.0.1').replace('port: 8080', 'port: 0');
      await writeFile(join(folder, file), local);
    }
  }
  for (const secret of ['http-token', 'nats-token', 'influxdb-password'])
    await writeFile(join(root, '/etc/forescale/secrets', secret), TOKEN);
  const service = await ForescaleProcess.service(container.args.map(inside));
  closing.push(() => service.interrupt());
  urls.push(service.url);
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
  await Promise.all(workloads.map((one) => startPod(one, manifests, directory.path)));
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
