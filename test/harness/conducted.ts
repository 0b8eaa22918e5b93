import { type Bus, createNatsBus } from '@forescale/shared/bus';
import { requestTick } from '@forescale/shared/service';
import type { RunningServer, SimulatedCluster } from '@forescale/simulator/cluster';
import { type ClusterSpec, createLoadedCluster } from './loaded-cluster.ts';
import { eventually } from './waiting.ts';

const MINUTE_MS = 60_000;
const TRY_MS = 1_500;
/** A tick may have to wait for a service that is just starting, and for a training. */
const TICK_WITHIN_MS = 90_000;

export const SERVICES = ['collector', 'predictor', 'actuator'] as const;
export type Service = (typeof SERVICES)[number];

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
