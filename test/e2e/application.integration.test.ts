import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { POOL_LABEL } from '@forescale/shared/config';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  loadAllYaml,
  PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
} from '@kubernetes/client-node';
import autocannon from 'autocannon';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { externalMetric, type MetricsServer, PodAutoscaler } from '../application/pod-autoscaler.ts';
import { Replicas } from '../application/replicas.ts';
import { temporaryDirectory } from '../harness/config-file.ts';
import { KedaClient } from '../harness/keda-client.ts';
import { createLoadedCluster, runInRealTime } from '../harness/loaded-cluster.ts';
import { ForescaleProcess } from '../harness/process.ts';
import { eventually } from '../harness/waiting.ts';
import { SERVER_CERT, SERVER_KEY } from '../providers/externalgrpc/certificates.ts';
import { startPrometheusServer, type TestServer } from '../servers/index.ts';

const TOKEN = 'a-token-of-the-test';
const PER_POD = 20;
const QUIET = 20;
const BUSY = 120;
const LOOK_EVERY_MS = 250;
const WITHIN_MS = 90_000;

const closing: (() => Promise<unknown> | unknown)[] = [];
let cluster: SimulatedCluster;
let core: CoreV1Api;
let apps: AppsV1Api;
let replicas: Replicas;
let prometheus: TestServer;
let metrics: MetricsServer;
let keda: KedaClient;
let forescale: ForescaleProcess & { readonly url: string };
const seen = { replicas: 0, nodes: 0 };
let failure: unknown = null;

/** The manifest and the configuration that the example has, on servers of the test's own. */
beforeAll(async () => {
  const directory = await temporaryDirectory();
  closing.push(() => directory.remove());
  replicas = await Replicas.start();
  closing.push(() => replicas.stop());
  const nowMs = Date.now();
  cluster = createLoadedCluster({
    ...{ startMs: nowMs, endMs: nowMs + 3_600_000, stepMs: 60_000, bootMs: 3_000, initialNodes: 1, load: () => 0 },
  });
  const { url, stop } = await runInRealTime(cluster);
  closing.push(stop);
  const kube = new KubeConfig();
  kube.loadFromClusterAndUser({ name: 'sim', server: url, skipTLSVerify: true }, { name: 'user' });
  core = kube.makeApiClient(CoreV1Api);
  apps = kube.makeApiClient(AppsV1Api);
  await deploy();
  const targets = join(directory.path, 'targets.json');
  await writeFile(targets, '[]');
  prometheus = await startPrometheusServer({ config: scraping(targets), history: history(nowMs) });
  closing.push(() => prometheus.stop());
  const file = async (name: string, text: string) => {
    await writeFile(join(directory.path, name), text);
    return join(directory.path, name);
  };
  const config = await file('forescale.yaml', await readFile('examples/app/forescale.yaml', 'utf8'));
  await appendFile(
    config,
    `      mode: enforce
      provider: { kind: simulated, url: "${url}" }
      bounds: { min_nodes: 1, max_nodes: 8 }
      lead_time: 5s
      scale_down: { unneeded: 5s, after_scale_up: 0s }
      offerings: [{ instance_type: small, zone: a, usd_per_hour: 0.1 }]
  data_dir: "${directory.path}"
  store: { kind: sqlite, path: "${directory.path}/store.db" }
  kubernetes: { url: "${url}" }
  clock: { tick: 1s }
  http: { port: 0 }
  scaler:
    grpc: { port: 0 }
    external_metrics: { port: 0, cert_file: "${await file('s.crt', SERVER_CERT)}", key_file: "${await file('s.key', SERVER_KEY)}", token_file: "${await file('token', TOKEN)}" }
`,
  );
  const environment = { PROMETHEUS_URL: prometheus.url, INTERVAL: '5s', RATE_OVER: '10s' };
  const imported = new ForescaleProcess(['import', '--config', config, '--days', '0.1'], environment);
  expect(await imported.end(WITHIN_MS), imported.stderr).toBe(0);
  forescale = await ForescaleProcess.service(['up', '--config', config], environment);
  closing.push(() => forescale.interrupt());
  const portOf = async (what: string) =>
    Number(await forescale.says(new RegExp(`"port":(\\d+),"msg":"${what}: listening"`), 'stderr'));
  metrics = { port: await portOf('external metrics'), token: TOKEN, selector: 'pool=web,signal=rps,lead=10s' };
  keda = new KedaClient(await portOf('KEDA external scaler'));
  closing.push(() => keda.close());
  closing.push(control(targets));
}, 180_000);

afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function deploy(): Promise<void> {
  const documents = loadAllYaml(await readFile('examples/app/kubernetes.yaml', 'utf8')) as KubernetesObject[];
  const body = documents.find(({ kind }) => kind === 'Deployment') as V1Deployment;
  await apps.createNamespacedDeployment({ namespace: 'default', body });
}

/** Two hours of a quiet shop. */
function history(nowMs: number): string {
  const lines = Array.from({ length: 1_441 }, (_, i) => {
    const seconds = Math.floor(nowMs / 1_000) - 7_200 + 5 * i;
    return `http_requests_total{code="200",instance="before"} ${QUIET * 5 * i} ${seconds}`;
  });
  return `${lines.join('\n')}\n# EOF\n`;
}

const scraping = (targets: string) => `
global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs:
  - job_name: shop
    file_sd_configs: [{ files: ["${targets}"], refresh_interval: 1s }]
`;

/** What kubelets, service discovery and the controller of the HorizontalPodAutoscaler do all the time. */
function control(targets: string): () => Promise<void> {
  const autoscaler = new PodAutoscaler(PER_POD, 12, 5_000);
  let running = true;
  let told = '';
  const look = async () => {
    const { items } = await core.listNamespacedPod({ namespace: 'default', labelSelector: 'app=shop' });
    const alive = items.filter(({ status, metadata }) => status?.phase === 'Running' && !metadata?.deletionTimestamp);
    replicas.follow(alive.map(({ metadata }) => metadata?.name ?? ''));
    const found = JSON.stringify([{ targets: replicas.ports.map((port) => `127.0.0.1:${port}`) }]);
    if (found !== told) await writeFile(targets, found);
    told = found;
    const name = { name: 'shop', namespace: 'default' };
    const { spec } = await apps.readNamespacedDeploymentScale(name);
    const current = spec?.replicas ?? 1;
    const wanted = autoscaler.replicas(await externalMetric(metrics), current, Date.now());
    if (wanted !== current)
      await apps.patchNamespacedDeploymentScale(
        { ...name, body: { spec: { replicas: wanted } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      );
    seen.replicas = replicas.ports.length;
    seen.nodes = (await core.listNode({ labelSelector: `${POOL_LABEL}=web` })).items.length;
  };
  const loop = (async () => {
    while (running) {
      await look().catch((error: unknown) => {
        failure ??= error;
      });
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  })();
  return async () => {
    running = false;
    await loop;
  };
}

/** So many requests a second from a real load generator, until it is called off. */
function load(perSecond: number) {
  const instance = autocannon({ url: replicas.url, connections: 20, overallRate: perSecond, duration: 600 }, () => {});
  return {
    async stop() {
      const result = new Promise<autocannon.Result>((resolve) => instance.on('done', resolve));
      instance.stop();
      return await result;
    },
  };
}

/** Of what the store has of the signal, sample by sample: over a whole day a cell would be the mean of many. */
async function highest(): Promise<number> {
  const from = Math.floor(Date.now() / 1_000) - 900;
  const history = await fetch(`${forescale.url}/api/v1/history?pool=web&signal=rps&points=2000&from=${from}`);
  const { load: column } = (await history.json()) as { load: (number | null)[] };
  return Math.max(...column.map((value) => value ?? 0));
}

describe('a real application under real load, scraped by a real Prometheus', () => {
  it('its pods follow the load ahead, its nodes follow the pods, and its requests are answered', async () => {
    await eventually('the first replica listens', WITHIN_MS, () => seen.replicas >= 1);
    const quiet = load(QUIET);
    await eventually('the load is known', WITHIN_MS, async () => {
      const value = await externalMetric(metrics);
      return value !== null && value > QUIET / 2;
    });
    expect(seen.nodes).toBeLessThanOrEqual(2);
    const calm = await quiet.stop();
    const busy = load(BUSY);
    await eventually('pods are there for the load', WITHIN_MS, () => seen.replicas >= BUSY / PER_POD);
    await eventually('nodes are there for the pods', WITHIN_MS, () => seen.nodes >= 2);
    const asked = {
      scaledObjectRef: {
        name: 'shop',
        namespace: 'default',
        scalerMetadata: { pool: 'web', signal: 'rps', target: '20', lead: '10s' },
      },
      metricName: 'forescale-web-rps',
    };
    await eventually('KEDA is told the same', WITHIN_MS, async () => {
      const [before, { answer }, after] = [
        await externalMetric(metrics),
        await keda.call('GetMetrics', asked),
        await externalMetric(metrics),
      ];
      const [told] = (answer as { metricValues: { metricValueFloat: number }[] }).metricValues;
      return before === after && Math.abs((told?.metricValueFloat ?? 0) - (after ?? 0)) < 0.01 * (after ?? 0);
    });
    await eventually('the store shows the load', WITHIN_MS, async () => (await highest()) > BUSY / 2);
    const peak = await busy.stop();
    const after = load(QUIET);
    await eventually('pods go when the load has gone', WITHIN_MS, () => seen.replicas <= 3);
    await eventually('nodes go when the pods have gone', WITHIN_MS, () => seen.nodes <= 2);
    const rest = await after.stop();
    const answered = [calm, peak, rest].reduce((sum, one) => sum + one['2xx'], 0);
    const failed = [calm, peak, rest].reduce((sum, one) => sum + one.non2xx + one.errors, 0);
    // A replica that goes ends its connections under way.
    expect(failed / (answered + failed)).toBeLessThan(0.02);
    expect(failure).toBeNull();
  }, 300_000);

  it('what was scraped is in the store, and none of it was refused', async () => {
    const url = `${forescale.url}/api/v1/sources`;
    const { sources } = (await (await fetch(url)).json()) as {
      sources: { name: string; state: string; refused: number }[];
    };
    expect(sources.find(({ name }) => name === 'prometheus main')).toMatchObject({ refused: 0 });
    expect(await highest()).toBeGreaterThan(BUSY / 2);
  });
});
