import { type Bus, BusUnavailableError, createInProcessBus } from '@forescale/shared/bus';
import { POOL_LABEL, parseConfig } from '@forescale/shared/config';
import { FORECAST_LEVELS, type Forecast, MAX_LEAD_MINUTES } from '@forescale/shared/domain';
import { Readiness } from '@forescale/shared/service';
import { createSqliteStore, type Store, StoreUnavailableError } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { ManualClock, seededRandom } from '@forescale/shared/time';
import {
  decodeEvent,
  encodeForecast,
  type NodeEventData,
  nodeEventSchema,
  streams,
  subjects,
} from '@forescale/shared/wire';
import { onTestFinished } from 'vitest';
import { FakeCloud } from '../../execute/fakes/fake-cloud.ts';
import { FakeCluster } from '../../execute/fakes/fake-cluster.ts';
import { FakeState } from '../../execute/fakes/fake-state.ts';
import { type Actuator, startActuator } from '../actuator.ts';
import { FakeSurroundings } from './fake-surroundings.ts';

export const MINUTE_MS = 60_000;
export const START_MS = Date.UTC(2026, 2, 2, 9);

const DECLARED = '[{ name: rps, capacity_per_node: 100 }]';

function configText(pool: string, signals: string, limits: string): string {
  return `autoscaler:
  pools:
    - name: web
      provider: { kind: simulated, url: "http://127.0.0.1:1"${limits} }
      signals: ${signals}
      bounds: { min_nodes: 1, max_nodes: 20 }
      offerings:
        - { instance_type: small, zone: a, usd_per_hour: 0.1 }
        - { instance_type: small, zone: b, usd_per_hour: 0.2 }
${pool}`;
}

/** A port that can be away: every call rejects then. */
function switchable<T extends object>(port: T, away: () => Error | null): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const error = away();
        return error ? Promise.reject(error) : Reflect.apply(value, target, args);
      };
    },
  });
}

/** An actuator on a simulated minute-by-minute world: machines boot in 90 s and become Ready nodes. */
export class Scene {
  readonly clock = new ManualClock(START_MS);
  readonly cloud = new FakeCloud(this.clock);
  readonly cluster = new FakeCluster();
  readonly state = new FakeState();
  readonly surroundings = new FakeSurroundings();
  readonly readiness = new Readiness();
  readonly nodeEvents: NodeEventData['event'][] = [];
  /** `forescale.forecast.rejected`, by signal. */
  readonly rejected = new Map<string, number>();
  readonly bus: Bus = createInProcessBus({ clock: this.clock });
  storeAway = false;
  busAway = false;
  load = 150;
  store!: Store;
  actuator!: Actuator;

  /** `limits`: more keys of the provider, such as `, rate_per_second: 1`. `prepare` comes before the actuator starts. */
  static async create(
    pool = '      mode: enforce',
    signals = DECLARED,
    limits = '',
    prepare: (scene: Scene) => void = () => {},
  ): Promise<Scene> {
    const scene = new Scene();
    prepare(scene);
    const store = await createSqliteStore({ path: ':memory:', clock: scene.clock });
    scene.store = switchable(store, () => (scene.storeAway ? new StoreUnavailableError('the store is away') : null));
    await scene.start(pool, signals, limits);
    await scene.bus.subscribe(subjects.node('web', '*'), ({ data }) => {
      scene.nodeEvents.push(decodeEvent(data, nodeEventSchema).event);
    });
    onTestFinished(async () => {
      await scene.bus.close();
      await store.close();
    });
    return scene;
  }

  async start(pool: string, signals = DECLARED, limits = ''): Promise<void> {
    this.actuator = await startActuator({
      config: parseConfig(configText(pool, signals, limits), 'test', {}),
      reader: this.cluster,
      writer: this.cluster,
      surroundings: this.surroundings,
      store: this.store,
      bus: switchable(this.bus, () => (this.busAway ? new BusUnavailableError('the bus is away') : null)),
      state: this.state,
      clock: this.clock,
      ioClock: this.clock,
      random: seededRandom(5),
      readiness: this.readiness,
      instruments: {
        ...silentInstruments(),
        forecastRejected: { record: (value, tags) => this.rejected.set(String(tags?.signal), value) },
      },
      log: silentLog(),
      homeNode: null,
      openProvider: async () => this.cloud,
    });
  }

  async tick(): Promise<void> {
    const nowMs = this.clock.nowMs();
    const tags = { pool: 'web', signal: 'rps', source: 'test' };
    if (!this.storeAway)
      await this.store.write([{ measurement: 'kpi', tags, fields: { value: this.load }, timeMs: nowMs }]);
    await this.actuator.tick(nowMs);
    this.clock.advanceTo(nowMs + MINUTE_MS);
    for (const machine of this.cloud.running) {
      const readyMs = machine.createdMs + 90_000;
      if (readyMs > this.clock.nowMs() || this.cluster.nodes.has(machine.nodeName)) continue;
      this.addNode(machine.nodeName, readyMs);
    }
  }

  /** A tick in which calls take time; `meanwhile` is told how much of it has passed. */
  async slowTick(meanwhile: (ms: number) => Promise<unknown> | null = () => null): Promise<void> {
    const startMs = this.clock.nowMs();
    let isOver = false;
    const tick = this.tick().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      await meanwhile(this.clock.nowMs() - startMs);
      if (!isOver) this.clock.advanceTo(this.clock.nowMs() + 250);
    }
    await tick;
  }

  async ticks(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.tick();
  }

  addNode(name: string, readyMs = 0): void {
    const labels = { [POOL_LABEL]: 'web' };
    this.cluster.addNode({ name, createdMs: readyMs, readyChangedMs: readyMs, labels });
  }

  get plan() {
    const plan = this.actuator.pools(this.clock.nowMs())[0]?.plan;
    if (!plan) throw new Error('nothing was planned');
    return plan;
  }

  async publishForecast(value: number, overrides: Partial<Forecast> = {}): Promise<void> {
    const nowMs = this.clock.nowMs();
    const timesMs = Array.from({ length: 60 }, (_, step) => nowMs + (step + 1) * MINUTE_MS);
    const forecast: Forecast = {
      pool: 'web',
      signal: 'rps',
      issuedMs: nowMs,
      validUntilMs: nowMs + 10 * MINUTE_MS,
      stepMs: MINUTE_MS,
      levels: FORECAST_LEVELS,
      timesMs,
      quantiles: FORECAST_LEVELS.map(() => timesMs.map(() => value)),
      maxQuantiles: FORECAST_LEVELS.map(() => MAX_LEAD_MINUTES.map(() => value)),
      model: 'test',
      backend: 'cpu',
      weights: { test: 1 },
      accuracy: null,
      ...overrides,
    };
    await this.bus.ensureStream(streams.forecast);
    await this.bus.publishDurable(subjects.forecast('web', 'rps'), encodeForecast(forecast), `f-${nowMs}`);
  }

  request(body: object) {
    const data = new TextEncoder().encode(JSON.stringify(body));
    return this.bus.request(subjects.override('web'), data, 1_000);
  }

  until(minutes: number): string {
    return new Date(this.clock.nowMs() + minutes * MINUTE_MS).toISOString();
  }
}
