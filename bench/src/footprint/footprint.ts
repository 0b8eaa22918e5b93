import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { integerOption } from '@forescale/cli/output';
import { POOL_LABEL } from '@forescale/shared/config';
import { createInfluxStore, type Point } from '@forescale/shared/store';
import { createSimulatedCluster } from '@forescale/simulator/cluster';
import { parse } from 'yaml';
import { z } from 'zod';
import { type RunBenchmark, textFlag } from '../benchmark.ts';
import { cpuSecondsOf, peakMibOf } from '../linux.ts';
import { startInflux, startNats } from '../servers/index.ts';
import { table } from '../table.ts';
import { ServiceProcess } from './process.ts';

const MINUTE_MS = 60_000;
const DAYS = 28;
const PODS_PER_NODE = 10;
const CPU_PER_NODE = 4_000;
const SIGNALS = ['requested-cpu', 'requested-memory', 'requested-pods'];
const POINTS_PER_WRITE = 5_000;
const STEP_EVERY_MS = 250;
const SERVICES = ['collector', 'predictor', 'actuator'] as const;

/** What each service takes of memory and processor in a cluster of that size, beside what the chart asks for. */
export const run: RunBenchmark = async (flags, stage) => {
  const nodes = integerOption('--nodes', textFlag(flags, 'nodes') ?? '100', 1, 5_000);
  const minutes = integerOption('--minutes', textFlag(flags, 'minutes') ?? '5', 1, 600);
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const config = await surroundings(nodes, closing);
    stage.say(
      `${DAYS} days of ${SIGNALS.length} signals are in InfluxDB; ${nodes} nodes, ${nodes * PODS_PER_NODE} pods`,
    );
    const services: ServiceProcess[] = [];
    closing.push(async () => {
      for (const service of services) await service.stop();
    });
    for (const name of SERVICES) services.push(await ServiceProcess.start(name, config));
    const before = await Promise.all(services.map(({ pid }) => cpuSecondsOf(pid)));
    for (let minute = 0; minute < minutes; minute++) {
      stage.progress(minute, minutes);
      await delay(MINUTE_MS, undefined, { signal: stage.signal });
    }
    const asked = await requests();
    const rows = await Promise.all(
      services.map(async (service, index) => ({
        service: service.name,
        peak_mib: await peakMibOf(service.pid),
        millicores: (1_000 * (((await cpuSecondsOf(service.pid)) ?? 0) - (before[index] ?? 0))) / (60 * minutes),
        ...asked(service.name),
      })),
    );
    return { rows, summary: [], words: table(rows, COLUMNS) };
  } finally {
    for (const close of closing.toReversed()) await close();
  }
};

const COLUMNS = [
  { key: 'service' },
  { key: 'peak_mib', digits: 0 },
  { key: 'request_mib', digits: 0 },
  { key: 'limit_mib', digits: 0 },
  { key: 'millicores', digits: 0 },
  { key: 'request_millicores', digits: 0 },
];

/** Servers, a simulated cluster and a history, as four weeks of running would have left them. Resolves to the configuration. */
async function surroundings(nodes: number, closing: (() => Promise<unknown>)[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'forescale-bench-'));
  closing.push(() => rm(directory, { recursive: true, force: true }));
  const [influx, nats] = [await startInflux(), await startNats()];
  closing.push(
    () => influx.stop(),
    () => nats.stop(),
  );
  await fill(influx.url, nodes);
  const cluster = createCluster(nodes);
  const server = await cluster.listen();
  const stepping = setInterval(() => cluster.step(Date.now()), STEP_EVERY_MS);
  closing.push(async () => {
    clearInterval(stepping);
    await server.close();
  });
  const path = join(directory, 'forescale.yaml');
  await writeFile(path, configuration({ directory, influx: influx.url, nats: nats.url, cluster: server.url }));
  return path;
}

interface Where {
  readonly directory: string;
  readonly influx: string;
  readonly nats: string;
  readonly cluster: string;
}

function configuration({ directory, influx, nats, cluster }: Where): string {
  return `autoscaler:
  data_dir: ${JSON.stringify(directory)}
  store: { kind: influxdb, url: "${influx}" }
  bus: { kind: nats, url: "${nats}" }
  kubernetes: { url: "${cluster}" }
  http: { port: 0 }
  pools:
    - name: web
      mode: enforce
      provider: { kind: simulated, url: "${cluster}" }
      bounds: { min_nodes: 1, max_nodes: 10000 }
      template: { labels: { role: web }, allocatable: { cpu: "4", memory: 8Gi, pods: 58 } }
      offerings: [{ instance_type: small, zone: a, usd_per_hour: 0.1 }]
`;
}

function createCluster(nodes: number) {
  const offering = { instanceType: 'small', zone: 'a', capacityType: 'on_demand' } as const;
  const allocatable = { cpuMillicores: CPU_PER_NODE, memoryBytes: 8 * 2 ** 30, pods: 58, gpus: 0 };
  const startMs = Date.now();
  return createSimulatedCluster({
    ...{ seed: 1, startMs, namespaces: ['forescale'] },
    offerings: [{ ...offering, usdPerHour: 0.1, allocatable, boot: { kind: 'fixed', ms: 90_000 } }],
    initialNodes: [
      {
        ...{ offering, count: nodes, namePrefix: 'web', labels: { role: 'web', [POOL_LABEL]: 'web' } },
        ...{ pool: 'web', tagged: true },
      },
    ],
    workload: {
      series: { timesMs: Float64Array.of(startMs), values: Float64Array.of(0.9 * nodes) },
      valuePerPod: 1 / PODS_PER_NODE,
      requests: { cpuMillicores: CPU_PER_NODE / PODS_PER_NODE, memoryBytes: 2 ** 28 },
      nodeSelector: { role: 'web' },
      maxUnavailable: '20%',
    },
  });
}

/** A day's wave around what the pods ask for now. */
async function fill(url: string, nodes: number): Promise<void> {
  const store = await createInfluxStore({ url, database: 'forescale', retentionDays: 400, rollupDays: 3_650 });
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  const scale: Record<string, number> = {
    'requested-cpu': CPU_PER_NODE,
    'requested-memory': 2 ** 31,
    'requested-pods': 10,
  };
  let points: Point[] = [];
  for (let timeMs = nowMs - DAYS * 1_440 * MINUTE_MS; timeMs <= nowMs; timeMs += MINUTE_MS) {
    const share = 0.9 * nodes * (1 - 0.4 * (1 - Math.cos((2 * Math.PI * (timeMs - nowMs)) / 86_400_000)));
    for (const signal of SIGNALS) {
      const tags = { pool: 'web', signal, source: 'kubernetes' };
      points.push({ measurement: 'kpi', tags, fields: { value: share * (scale[signal] ?? 1) }, timeMs });
    }
    if (points.length < POINTS_PER_WRITE - SIGNALS.length) continue;
    await store.write(points);
    points = [];
  }
  if (points.length > 0) await store.write(points);
  await store.close();
}

const resources = z.object({
  resources: z.object({
    requests: z.object({ cpu: z.string(), memory: z.string() }),
    limits: z.object({ memory: z.string() }),
  }),
});
const valuesSchema = z.object({ collector: resources, predictor: resources, actuator: resources });

/** What the chart asks for as it is. */
async function requests() {
  const values = valuesSchema.parse(parse(await readFile('deploy/helm/forescale/values.yaml', 'utf8')));
  return (service: string) => {
    const own = values[service as keyof typeof values].resources;
    return {
      request_mib: Number.parseInt(own.requests.memory, 10),
      limit_mib: Number.parseInt(own.limits.memory, 10),
      request_millicores: Number.parseInt(own.requests.cpu, 10),
    };
  };
}
