import { POOL_LABEL } from '@forescale/shared/config';
import { FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import { encodeForecast, streams, subjects } from '@forescale/shared/wire';
import type { SimulatedClusterOptions } from '@forescale/simulator/cluster';
import { World, type WorldSpec } from '../../actuation/world.ts';

const MINUTE_MS = 60_000;
const POD_MILLICORES = 900;

/** Three nodes' worth of pods, ten nodes' at the top, three again. */
export const hill = (minute: number) => (minute >= 20 && minute < 80 ? 40 : 12);

/** A cluster whose nodes a reactive autoscaler owns, and who knows what is to come. */
export class SteeredWorld {
  readonly world: World;
  readonly #podsAt: (minute: number) => number;
  readonly #startMs: number;

  constructor(world: World, podsAt: (minute: number) => number) {
    this.world = world;
    this.#podsAt = podsAt;
    this.#startMs = world.cluster.nowMs();
  }

  static async create(
    provider: string,
    options: Partial<SimulatedClusterOptions> = {},
    spec: WorldSpec = {},
  ): Promise<SteeredWorld> {
    const offering = { instanceType: 'small', region: 'local', zone: 'a', capacityType: 'on_demand' } as const;
    const reactiveAutoscaler = { offering, labels: { [POOL_LABEL]: 'web' }, nodesMax: 30 };
    const cluster = { namespaces: ['forescale'], reactiveAutoscaler, ...options };
    // A node carries four pods of 900m; the autoscaler looks every 10 s, and its machines are Ready after 85 s.
    const signals = '[{ name: requested-cpu, capacity_per_node: 3600 }, { name: requested-pods }]';
    const pool = { signals, lead_time: '240s', ...spec.pool };
    const world = await World.create(hill, cluster, { provider: () => provider, ...spec, pool });
    await world.bus.ensureStream(streams.forecast);
    return new SteeredWorld(world, hill);
  }

  async minutes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.#foretell();
      await this.world.minute();
    }
  }

  get minute(): number {
    return (this.world.cluster.nowMs() - this.#startMs) / MINUTE_MS;
  }

  /** The forecast that is there when the next minute is over: it knows what is to come, and no more. */
  async #foretell(): Promise<void> {
    const issuedMs = this.world.cluster.nowMs() + MINUTE_MS;
    const at = (minutes: number) => POD_MILLICORES * this.#podsAt(Math.floor(this.minute + minutes));
    const highest = (lead: number) => Math.max(...Array.from({ length: lead }, (_, i) => at(i + 1)));
    const steps = Array.from({ length: 60 }, (_, step) => step);
    const forecast: Forecast = {
      pool: 'web',
      signal: 'requested-cpu',
      issuedMs,
      validUntilMs: issuedMs + 10 * MINUTE_MS,
      stepMs: MINUTE_MS,
      levels: FORECAST_LEVELS,
      timesMs: steps.map((step) => issuedMs + (step + 1) * MINUTE_MS),
      quantiles: FORECAST_LEVELS.map(() => steps.map((step) => at(step + 1))),
      maxQuantiles: FORECAST_LEVELS.map(() => MAX_LEAD_MINUTES.map(highest)),
      model: 'known',
      backend: 'cpu',
      weights: { known: 1 },
      accuracy: { wql: 0, mase: 0, coverage90: 0.9, coverage99: 0.99, relativeError: 0.5, hours: 24 },
    };
    const id = `known-${issuedMs}`;
    await this.world.bus.publishDurable(subjects.forecast('web', 'requested-cpu'), encodeForecast(forecast), id);
  }

  get readyNodes(): number {
    return this.world.cluster.summary().nodes.ready;
  }

  /** Pods of the workload that wait, placeholders aside. */
  get waiting(): number {
    const pods = [...this.world.cluster.objects('pods')];
    return pods.filter(({ metadata, spec }) => metadata.labels?.app === 'workload' && spec.nodeName === undefined)
      .length;
  }

  get unmetDemandShare(): number {
    return this.world.cluster.workload?.summary().unmetDemandShare ?? 0;
  }

  async close(): Promise<void> {
    await this.world.close();
  }
}
