import { type Bus, createNatsBus } from '@forescale/shared/bus';
import { POOL_LABEL } from '@forescale/shared/config';
import { requestTick } from '@forescale/shared/service';
import {
  createSimulatedCluster,
  type RunningServer,
  type SimulatedCluster,
  type SimulatedClusterOptions,
} from '@forescale/simulator/cluster';
import { CAPACITY_PER_NODE } from './config-file.ts';
import { eventually } from './waiting.ts';

const MINUTE_MS = 60_000;
const PODS_PER_NODE = 4;
const TRY_MS = 3_000;
/** A tick may have to wait for a service that is just starting, and for a training. */
const TICK_WITHIN_MS = 90_000;

export const SERVICES = ['collector', 'predictor', 'actuator'] as const;
export type Service = (typeof SERVICES)[number];

export interface ClusterSpec {
  readonly startMs: number;
  readonly endMs: number;
  /** The load at a time; four pods of the workload serve what one node carries of it. */
  readonly load: (timeMs: number) => number;
  readonly stepMs?: number;
  readonly bootMs?: number;
  readonly initialNodes: number;
  readonly options?: Partial<SimulatedClusterOptions>;
}

/** A simulated cluster whose workload follows `load`. */
export function createLoadedCluster(spec: ClusterSpec): SimulatedCluster {
  const { startMs, endMs, load, stepMs = MINUTE_MS, bootMs = 90_000, initialNodes, options } = spec;
  const offering = { instanceType: 'small', zone: 'a', capacityType: 'on_demand' } as const;
  const allocatable = { cpuMillicores: 4_000, memoryBytes: 8 * 2 ** 30, pods: 58, gpus: 0 };
  const timesMs = Float64Array.from(
    { length: Math.floor((endMs - startMs) / stepMs) + 1 },
    (_, i) => startMs + i * stepMs,
  );
  return createSimulatedCluster({
    seed: 7,
    startMs,
    offerings: [{ ...offering, usdPerHour: 0.1, allocatable, boot: { kind: 'fixed', ms: bootMs } }],
    initialNodes: [
      {
        offering,
        count: initialNodes,
        namePrefix: 'web-initial',
        labels: { role: 'web', [POOL_LABEL]: 'web' },
        pool: 'web',
        tagged: true,
      },
    ],
    workload: {
      series: { timesMs, values: timesMs.map(load) },
      valuePerPod: CAPACITY_PER_NODE / PODS_PER_NODE,
      requests: { cpuMillicores: 4_000 / PODS_PER_NODE, memoryBytes: 2 ** 30 },
      nodeSelector: { role: 'web' },
      maxUnavailable: '20%',
    },
    ...options,
  });
}

/** A simulated cluster, and the services' clock: time passes when `minute` is called, once every service has answered. */
export class Conducted {
  readonly cluster: SimulatedCluster;
  readonly clusterUrl: string;
  readonly #bus: Bus;
  readonly #server: RunningServer;
  #sequence = 0;

  private constructor(cluster: SimulatedCluster, server: RunningServer, bus: Bus) {
    this.cluster = cluster;
    this.clusterUrl = server.url;
    this.#server = server;
    this.#bus = bus;
  }

  static async start(spec: ClusterSpec, natsUrl: string): Promise<Conducted> {
    const cluster = createLoadedCluster(spec);
    const bus = await createNatsBus({ servers: [natsUrl], name: 'test-conductor' });
    return new Conducted(cluster, await cluster.listen(), bus);
  }

  /** Asks one service for its tick until it answers: one that was killed meanwhile is asked again when it is back. */
  async tick(service: Service): Promise<void> {
    const sequence = this.#sequence++;
    const nowMs = this.cluster.nowMs();
    await eventually(`the tick of ${service}`, TICK_WITHIN_MS, async () => {
      await requestTick(this.#bus, service, sequence, nowMs, TRY_MS);
      return true;
    });
  }

  async tickAll(): Promise<void> {
    for (const service of SERVICES) await this.tick(service);
  }

  /** Moves the cluster on by a minute, lets `before` happen in it, and lets the services work. */
  async minute(before: (nowMs: number) => Promise<void> = async () => {}): Promise<void> {
    const nowMs = this.cluster.nowMs() + MINUTE_MS;
    this.cluster.step(nowMs);
    await before(nowMs);
    await this.tickAll();
  }

  async close(): Promise<void> {
    await this.#bus.close();
    await this.#server.close();
  }
}
