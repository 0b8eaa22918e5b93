import { openProvider } from '@forescale/actuator/providers';
import { type Actuator, startActuator } from '@forescale/actuator/service';
import { type Collector, startCollector } from '@forescale/collector/service';
import { ClusterSource } from '@forescale/collector/sources';
import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { type Config, POOL_LABEL, parseConfig } from '@forescale/shared/config';
import {
  type ClusterReader,
  type ClusterWriter,
  connectKubernetes,
  createClusterReader,
  createClusterWriter,
  createSurroundings,
  type KubeConfig,
  type Surroundings,
} from '@forescale/shared/kubernetes';
import { Readiness } from '@forescale/shared/service';
import { createMemoryState } from '@forescale/shared/state';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { type Clock, ManualClock, seededRandom, systemClock } from '@forescale/shared/time';
import {
  createSimulatedCluster,
  type ListenOptions,
  type RunningServer,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from '@forescale/simulator/cluster';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 2, 2);
const MIB = 2 ** 20;

/** A node takes four pods: 4 x 900m of 4 cores. */
const POD = { cpuMillicores: 900, memoryBytes: 512 * MIB };

/** How the services reach the cluster. */
export interface Wire {
  readonly reader: (url: string) => ClusterReader;
  readonly writer: (url: string) => ClusterWriter;
  /** Without anybody's credentials when absent. */
  readonly surroundings?: (url: string) => Surroundings;
  /** The collector's own; the actuator's when absent. */
  readonly collectorReader?: (url: string) => ClusterReader;
  /** What providers that live in the cluster reach it with; without anybody's credentials when absent. */
  readonly kube?: (url: string) => KubeConfig;
  /** The time that calls take. */
  readonly ioClock: Clock;
  /** Sees a tick through. */
  readonly drive: (tick: Promise<void>) => Promise<void>;
  readonly listen?: ListenOptions;
}

const PLAIN: Wire = {
  reader: (url) => createClusterReader(connectKubernetes({ kubeconfig: null, context: null, url })),
  writer: (url) => createClusterWriter(connectKubernetes({ kubeconfig: null, context: null, url })),
  ioClock: systemClock,
  drive: (tick) => tick,
};

/** What a world may differ in besides its cluster. */
export interface WorldSpec {
  /** 2026-03-02 00:00 UTC when absent. */
  readonly startMs?: number;
  /** Lines of the root section, such as policies and time zone. */
  readonly root?: readonly string[];
  readonly initialNodes?: number;
  /** Whether the machines to be had are spot ones. */
  readonly spot?: boolean;
  /** Lines of the pool; `mode` and `lead_time` are `enforce` and `100s` when absent. */
  readonly pool?: Readonly<Record<string, string>>;
  /** The pool's provider, given the cluster's address; the simulated cloud when absent. */
  readonly provider?: (url: string) => string;
  /** Plain lists, in the machine's time, when absent. */
  readonly wire?: Wire;
}

const simulated = (url: string) => `{ kind: simulated, url: "${url}" }`;

function configText(
  url: string,
  root: readonly string[],
  pool: Readonly<Record<string, string>>,
  spot: boolean,
): string {
  const type = spot ? 'spot' : 'on_demand';
  const lines = Object.entries({ mode: 'enforce', lead_time: '100s', ...pool })
    .map(([key, value]) => `      ${key}: ${value}\n`)
    .join('');
  return `autoscaler:
${root.map((line) => `  ${line}\n`).join('')}  kubernetes: { url: "${url}", leader_election: true }
  pools:
    - name: web
${lines}      bounds: { min_nodes: 1, max_nodes: 30 }
      scale_down: { unneeded: 5m, after_scale_up: 5m }
      spot: { share: 1 }
      offerings:
        - { instance_type: small, zone: a, capacity_type: ${type}, usd_per_hour: 0.1 }
        - { instance_type: small, zone: b, capacity_type: ${type}, usd_per_hour: 0.2 }
`;
}

/** Collector and actuator beside a simulated cluster, which they reach over HTTP; a minute a step. */
export class World {
  readonly cluster: SimulatedCluster;
  readonly readiness = new Readiness();
  readonly store: Store;
  readonly bus: Bus;
  readonly config: Config;
  actuator!: Actuator;
  readonly #clock: ManualClock;
  readonly #state = createMemoryState();
  readonly #server: RunningServer;
  readonly #wire: Wire;
  readonly #reader: ClusterReader;
  readonly #collector: Collector;
  #starts = 0;

  private constructor(
    cluster: SimulatedCluster,
    server: RunningServer,
    store: Store,
    bus: Bus,
    collector: Collector,
    config: Config,
    wire: Wire,
    reader: ClusterReader,
  ) {
    this.cluster = cluster;
    this.#server = server;
    this.config = config;
    this.#clock = new ManualClock(cluster.nowMs());
    this.#wire = wire;
    this.#reader = reader;
    this.store = store;
    this.bus = bus;
    this.#collector = collector;
  }

  /** `podsAt`: how many pods the workload wants, by minute. */
  static async create(
    podsAt: (minute: number) => number,
    options: Partial<SimulatedClusterOptions> = {},
    spec: WorldSpec = {},
  ): Promise<World> {
    const { startMs = START_MS, root = [], initialNodes = 0, spot = false, wire = PLAIN } = spec;
    const { provider = simulated, pool = {} } = spec;
    const minutes = Array.from({ length: 600 }, (_, minute) => minute);
    const series = {
      timesMs: Float64Array.from(minutes, (minute) => startMs + minute * MINUTE_MS),
      values: Float64Array.from(minutes, podsAt),
    };
    const allocatable = { cpuMillicores: 4_000, memoryBytes: 16_384 * MIB, pods: 110, gpus: 0 };
    const boot = { kind: 'fixed', ms: 80_000 } as const;
    const capacityType = spot ? 'spot' : 'on_demand';
    const offering = { instanceType: 'small', capacityType, allocatable, boot } as const;
    const cluster = createSimulatedCluster({
      seed: 11,
      startMs,
      offerings: [
        { ...offering, zone: 'a', usdPerHour: 0.1 },
        { ...offering, zone: 'b', usdPerHour: 0.2 },
      ],
      initialNodes: [
        {
          offering: { instanceType: 'small', capacityType, zone: 'a' },
          count: initialNodes,
          namePrefix: 'web-initial',
          labels: { [POOL_LABEL]: 'web' },
          pool: 'web',
          tagged: true,
        },
      ],
      workload: {
        series,
        valuePerPod: 1,
        requests: POD,
        nodeSelector: { [POOL_LABEL]: 'web' },
        maxUnavailable: 2,
      },
      ...options,
    });
    const server = await cluster.listen(wire.listen);
    const store = await createSqliteStore({ path: ':memory:' });
    const bus = createInProcessBus();
    const config = parseConfig(
      configText(server.url, root, { provider: provider(server.url), ...pool }, spot),
      'test',
      {},
    );
    const reader = wire.reader(server.url);
    const collector = await startCollector({
      config,
      store,
      spool: null,
      bus,
      sources: [
        new ClusterSource({
          cluster: wire.collectorReader?.(server.url) ?? reader,
          pools: config.pools,
          store,
          log: silentLog(),
        }),
      ],
      ioClock: systemClock,
      clock: systemClock,
      readiness: new Readiness(),
      instruments: silentInstruments(),
      log: silentLog(),
    });
    const world = new World(cluster, server, store, bus, collector, config, wire, reader);
    await world.restart();
    return world;
  }

  /** Forgets the process that ran, as `kill -9` does, and starts another one on what it left behind. */
  async restart(): Promise<void> {
    const { url } = this.#server;
    const { writer, surroundings } = this.#wire;
    const kube = this.#wire.kube?.(url) ?? connectKubernetes(this.config.kubernetes);
    this.actuator = await startActuator({
      config: this.config,
      reader: this.#reader,
      writer: writer(url),
      surroundings: surroundings?.(url) ?? createSurroundings(connectKubernetes(this.config.kubernetes)),
      store: this.store,
      bus: this.bus,
      state: this.#state,
      clock: this.#clock,
      ioClock: this.#wire.ioClock,
      random: seededRandom(++this.#starts),
      readiness: this.readiness,
      instruments: silentInstruments(),
      log: silentLog(),
      homeNode: null,
      openProvider: (one) => openProvider(one, { clock: this.#wire.ioClock, kube }),
    });
  }

  /** Of the Kubernetes API and the cloud. */
  get url(): string {
    return this.#server.url;
  }

  async minute(): Promise<void> {
    const nowMs = this.cluster.nowMs() + MINUTE_MS;
    this.cluster.step(nowMs);
    this.#clock.advanceTo(nowMs);
    await this.#wire.drive(this.#collector.tick(nowMs));
    await this.#wire.drive(this.actuator.tick(nowMs));
  }

  async minutes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.minute();
  }

  /** Names of machines that run or boot, and of nodes: in the end the same. */
  async names(): Promise<{ readonly machines: string[]; readonly nodes: string[] }> {
    const alive = this.cluster.cloud.list().filter(({ state }) => state === 'starting' || state === 'running');
    const { body } = this.cluster.request('GET', '/api/v1/nodes');
    const { items } = JSON.parse(body) as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    return {
      machines: alive.map((one) => one.nodeName).sort(),
      nodes: items.map(({ metadata }) => metadata.name).sort(),
    };
  }

  async close(): Promise<void> {
    await this.actuator.stop();
    await this.#collector.stop();
    await this.bus.close();
    await this.store.close();
    await this.#server.close();
  }
}
