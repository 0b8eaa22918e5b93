import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, createNatsBus } from '@forescale/shared/bus';
import { requestTick } from '@forescale/shared/service';
import { createInfluxStore, type Store } from '@forescale/shared/store';
import { encodeKpi, subjects } from '@forescale/shared/wire';
import {
  createSimulatedCluster,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from '@forescale/simulator/cluster';
import { connect, type JetStreamClient, type NatsConnection } from 'nats';
import { startInflux, startNats, type TestServer } from '../servers/index.ts';
import { type ServiceProcess, startService } from './service-process.ts';
import { until } from './until.ts';

export const MINUTE_MS = 60_000;
export const START_MS = Date.UTC(2026, 2, 2);
const GIB = 2 ** 30;
const DATABASE = 'forescale';
export const SERVICES = ['collector', 'predictor', 'actuator'] as const;
export type Name = (typeof SERVICES)[number];

/** The three services as processes, real NATS and InfluxDB, and a simulated cluster; a plain NATS client as the application. */
export class Deployment {
  readonly cluster: SimulatedCluster;
  readonly clusterUrl: string;
  readonly services = new Map<Name, ServiceProcess>();
  readonly nats: TestServer;
  readonly influx: TestServer;
  readonly bus: Bus;
  readonly store: Store;
  /** The application's own connection: nothing of ours but the subject and the payload. */
  readonly client: NatsConnection;
  readonly jetStream: JetStreamClient;
  readonly acknowledged: number[] = [];
  nowMs = START_MS;
  readonly #configFile: string;
  readonly #directory: string;
  readonly #closeCluster: () => Promise<void>;
  #sequence = 0;

  private constructor(parts: {
    cluster: SimulatedCluster;
    clusterUrl: string;
    closeCluster: () => Promise<void>;
    nats: TestServer;
    influx: TestServer;
    bus: Bus;
    store: Store;
    client: NatsConnection;
    directory: string;
    configFile: string;
  }) {
    this.cluster = parts.cluster;
    this.clusterUrl = parts.clusterUrl;
    this.nats = parts.nats;
    this.influx = parts.influx;
    this.bus = parts.bus;
    this.store = parts.store;
    this.client = parts.client;
    this.jetStream = parts.client.jetstream();
    this.#configFile = parts.configFile;
    this.#directory = parts.directory;
    this.#closeCluster = parts.closeCluster;
  }

  static async start(cloud: Pick<SimulatedClusterOptions, 'cloudCalls'> = {}): Promise<Deployment> {
    const [nats, influx] = await Promise.all([startNats(), startInflux()]);
    const cluster = createSimulatedCluster({
      seed: 1,
      startMs: START_MS,
      offerings: [
        {
          instanceType: 'small',
          zone: 'a',
          capacityType: 'on_demand',
          usdPerHour: 0.1,
          allocatable: { cpuMillicores: 4_000, memoryBytes: 16 * GIB, pods: 110, gpus: 0 },
          boot: { kind: 'fixed', ms: 2 * MINUTE_MS },
        },
      ],
      ...cloud,
    });
    const server = await cluster.listen();
    const directory = await mkdtemp(join(tmpdir(), 'forescale-e2e-'));
    const configFile = join(directory, 'forescale.yaml');
    await writeFile(configFile, configText(directory, server.url, nats.url, influx.url));
    const bus = await createNatsBus({ servers: [nats.url], name: 'conductor' });
    const store = await createInfluxStore({ url: influx.url, database: DATABASE });
    const client = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    const deployment = new Deployment({
      cluster,
      clusterUrl: server.url,
      closeCluster: () => server.close(),
      nats,
      influx,
      bus,
      store,
      client,
      directory,
      configFile,
    });
    for (const name of SERVICES) await deployment.startService(name);
    // From the first tick on the services know what time it is.
    await deployment.tick();
    return deployment;
  }

  async startService(name: Name): Promise<void> {
    this.services.set(name, await startService(name, this.#configFile));
  }

  service(name: Name): ServiceProcess {
    return this.services.get(name) as ServiceProcess;
  }

  /** One minute: time passes, the application reports, and each service has its tick. */
  async minute(load: number): Promise<void> {
    this.nowMs += MINUTE_MS;
    this.cluster.step(this.nowMs);
    await this.publish(load);
    await until('the sample in the store', () => this.stored(this.nowMs));
    await this.tick();
  }

  /** Published as a stranger would, and acknowledged by JetStream. */
  async publish(load: number): Promise<void> {
    const timeMs = this.nowMs;
    const payload = encodeKpi({ id: `load-${timeMs}`, source: '/shop', timeMs }, load, 'req/s');
    await until('JetStream takes the KPI', async () => {
      await this.jetStream.publish(subjects.kpi('web', 'load'), payload, { msgID: `load-${timeMs}` });
      return true;
    });
    this.acknowledged.push(timeMs);
  }

  async stored(timeMs: number): Promise<boolean> {
    return (await this.rows('kpi', { pool: 'web', signal: 'load' }, ['value'], timeMs - 1, timeMs)).length === 1;
  }

  rows(
    measurement: string,
    tags: Record<string, string>,
    fields: string[],
    fromMs = 0,
    toMs = this.nowMs + 10 * 3_600_000,
  ) {
    return this.store.query({ measurement, tags, fields, fromMs, toMs, limit: 10_000 });
  }

  async tick(names: readonly Name[] = SERVICES): Promise<void> {
    const sequence = this.#sequence++;
    for (const name of names) {
      await until(`the tick of ${name}`, async () => {
        // Asked again when a killed service took the question with it.
        await requestTick(this.bus, name, sequence, this.nowMs, 2_000);
        return true;
      });
    }
  }

  async readiness(name: Name): Promise<{ status: number; reasons: Record<string, string> }> {
    const response = await fetch(`${this.service(name).url}/readyz`);
    const { reasons } = (await response.json()) as { reasons: Record<string, string> };
    return { status: response.status, reasons };
  }

  async stop(): Promise<void> {
    for (const service of this.services.values()) await service.kill('SIGTERM');
    await this.client.close();
    await this.bus.close();
    await this.store.close();
    await this.#closeCluster();
    await Promise.all([this.nats.stop(), this.influx.stop()]);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function configText(directory: string, cluster: string, nats: string, influx: string): string {
  return `autoscaler:
  data_dir: "${directory}"
  clock: { source: bus }
  store: { kind: influxdb, url: "${influx}", database: ${DATABASE} }
  bus: { kind: nats, url: "${nats}" }
  kubernetes: { url: "${cluster}" }
  http: { port: 0 }
  pools:
    - name: web
      mode: enforce
      provider: { kind: simulated, url: "${cluster}" }
      capacity_per_node: 100
      lead_time: 2m
      bounds: { min_nodes: 1, max_nodes: 12 }
      scale_down: { unneeded: 3m, after_scale_up: 3m }
      signals: [{ name: load, interval: 60s }]
      offerings: [{ instance_type: small, zone: a, usd_per_hour: 0.1 }]
`;
}
