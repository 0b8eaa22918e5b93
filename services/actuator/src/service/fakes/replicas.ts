import { type Bus, createInProcessBus } from '@forescale/shared/bus';
import { type Config, POOL_LABEL, parseConfig } from '@forescale/shared/config';
import { createMemoryLease, Elector } from '@forescale/shared/leadership';
import { Readiness, runTicks } from '@forescale/shared/service';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { type Clock, ManualClock, seededRandom } from '@forescale/shared/time';
import { decodeEvent, planSchema, subjects } from '@forescale/shared/wire';
import { FakeCloud } from '../../execute/fakes/fake-cloud.ts';
import { FakeCluster } from '../../execute/fakes/fake-cluster.ts';
import { FakeState } from '../../execute/fakes/fake-state.ts';
import { type Actuator, startActuator } from '../actuator.ts';
import { FakeSurroundings } from './fake-surroundings.ts';

const START_MS = Date.UTC(2026, 2, 2, 9);
const BOOT_MS = 90_000;
const STEP_MS = 1_000;
/** Promises are passed on this often in a step: a tick of a replica takes no time but that of its calls. */
const TURNS_PER_STEP = 4;
/** Calls that change something outside of the process. */
const CHANGES: ReadonlySet<string> = new Set(
  ['create', 'terminate', 'changeNode', 'evictPod', 'deletePod', 'deleteNode'].concat([
    'put',
    'compareAndSet',
    'delete',
  ]),
);

/** A call of one replica that changes something, when it was sent. */
export interface SentCall {
  readonly replica: string;
  readonly call: string;
  readonly timeMs: number;
}

/** What replicas share: a cluster, a cloud, a bucket, a Lease, and time, which passes only when told to. */
export class Site {
  readonly clock = new ManualClock(START_MS);
  readonly cloud = new FakeCloud(this.clock);
  readonly cluster = new FakeCluster();
  readonly state = new FakeState();
  readonly lease = createMemoryLease();
  readonly bus: Bus = createInProcessBus({ clock: this.clock });
  readonly surroundings = new FakeSurroundings();
  readonly sent: SentCall[] = [];
  /** Generations of the plans that were published. */
  readonly told: number[] = [];
  readonly replicas: Replica[] = [];
  readonly config: Config;
  readonly store: Store;
  load = 150;

  private constructor(config: Config, store: Store) {
    this.config = config;
    this.store = store;
  }

  static async create(provider = ''): Promise<Site> {
    const text = `autoscaler:
  kubernetes: { leader_election: true }
  pools:
    - name: web
      mode: enforce
      provider: { kind: simulated, url: "http://127.0.0.1:1"${provider} }
      signals: [{ name: rps, capacity_per_node: 100 }]
      bounds: { min_nodes: 1, max_nodes: 40 }
      scale_down: { unneeded: 2m, after_scale_up: 2m }
      offerings: [{ instance_type: small, zone: a, usd_per_hour: 0.1 }]
`;
    const site = new Site(parseConfig(text, 'test', {}), await createSqliteStore({ path: ':memory:' }));
    await site.bus.subscribe(subjects.plan('web'), ({ data }) => {
      site.told.push(decodeEvent(data, planSchema).generation);
    });
    return site;
  }

  async add(): Promise<Replica> {
    const replica = new Replica(this, `replica-${this.replicas.length}`);
    this.replicas.push(replica);
    await replica.start();
    await this.turn();
    return replica;
  }

  get leaders(): string[] {
    return this.replicas.filter((one) => !one.dead && one.elector.term() !== null).map((one) => one.name);
  }

  /** Machines by the request that they were made for: one each, or something was made twice. */
  get requested(): string[] {
    return this.cloud.running.map((machine) => machine.requestId).sort();
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    while (this.clock.nowMs() < endMs) {
      this.clock.advanceTo(Math.min(endMs, this.clock.nowMs() + STEP_MS));
      await this.#measure();
      this.#boot();
      await this.turn();
    }
  }

  async until(what: string, withinMs: number, holds: () => boolean): Promise<number> {
    const startMs = this.clock.nowMs();
    while (!holds()) {
      if (this.clock.nowMs() - startMs > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
      await this.pass(STEP_MS);
    }
    return this.clock.nowMs() - startMs;
  }

  async turn(): Promise<void> {
    for (let turn = 0; turn < TURNS_PER_STEP; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    for (const replica of this.replicas) replica.kill();
    await this.bus.close();
    await this.store.close();
  }

  async #measure(): Promise<void> {
    const timeMs = this.clock.nowMs();
    if (timeMs % 10_000 > 0) return;
    const tags = { pool: 'web', signal: 'rps', source: 'test' };
    await this.store.write([{ measurement: 'kpi', tags, fields: { value: this.load }, timeMs }]);
  }

  #boot(): void {
    for (const { nodeName, createdMs } of this.cloud.running) {
      const readyMs = createdMs + BOOT_MS;
      if (readyMs > this.clock.nowMs() || this.cluster.nodes.has(nodeName)) continue;
      const labels = { [POOL_LABEL]: 'web' };
      this.cluster.addNode({ name: nodeName, createdMs: readyMs, readyChangedMs: readyMs, labels });
    }
  }
}

/** One actuator with its elector, as a process: it can stand still in the middle of anything, go on, or die. */
export class Replica {
  readonly name: string;
  readonly readiness = new Readiness();
  readonly elector: Elector;
  actuator!: Actuator;
  dead = false;
  leaseAway = false;
  /** What listening for requests waits for. */
  respondsAfter: Promise<void> = Promise.resolve();
  /** That it has and has not stopped. */
  responders = 0;
  /** Steps at its ports so far: one before each call is carried out and one after it. */
  steps = 0;
  /** At this step it stands still. */
  standAt = Number.POSITIVE_INFINITY;
  readonly #site: Site;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  #ticks: Promise<void> = Promise.resolve();
  #standing: { readonly until: Promise<void>; readonly goOn: () => void } | null = null;

  constructor(site: Site, name: string) {
    this.name = name;
    this.#site = site;
    const { clock } = site;
    this.#clock = {
      nowMs: () => clock.nowMs(),
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        await this.#alive();
      },
    };
    const port = new Proxy(site.lease, {
      get:
        (target, method) =>
        async (...args: unknown[]) => {
          await this.#alive();
          if (this.leaseAway) throw new Error('503');
          return Reflect.apply(Reflect.get(target, method) as () => unknown, target, args);
        },
    });
    const random = seededRandom(site.replicas.length + 1);
    this.elector = new Elector({ port, self: name, clock: this.#clock, wallClock: clock, random });
  }

  async start(): Promise<void> {
    const { config, cloud, cluster, state, store, bus, surroundings } = this.#site;
    this.actuator = await startActuator({
      config,
      reader: this.#port(cluster),
      writer: this.#port(cluster),
      surroundings,
      store,
      bus: this.#slowToRespond(bus),
      state: this.#port(state),
      clock: this.#clock,
      ioClock: this.#clock,
      random: seededRandom(100 + this.#site.replicas.length),
      readiness: this.readiness,
      instruments: silentInstruments(),
      log: silentLog(),
      homeNode: null,
      leadership: this.elector,
      openProvider: async () => this.#port(cloud),
    });
    const tick = (nowMs: number) => this.actuator.tick(nowMs);
    this.#ticks = runTicks(this.#clock, config.clock.tickMs, tick, silentLog(), this.#stop.signal);
  }

  /** As SIGTERM does. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ticks;
    await this.actuator.stop();
  }

  /** As SIGKILL does. */
  kill(): void {
    this.dead = true;
    this.#stop.abort();
  }

  /** As SIGSTOP does. */
  stand(): void {
    let goOn = () => {};
    const until = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    this.#standing ??= { until, goOn };
  }

  get stands(): boolean {
    return this.#standing !== null;
  }

  goOn(): void {
    this.#standing?.goOn();
    this.#standing = null;
  }

  async #alive(): Promise<void> {
    while (this.#standing !== null) await this.#standing.until;
    if (this.dead) await new Promise<never>(() => {});
  }

  async #step(): Promise<void> {
    if (++this.steps === this.standAt) this.stand();
    await this.#alive();
  }

  #slowToRespond(bus: Bus): Bus {
    const respond: Bus['respond'] = async (subject, handler) => {
      const responder = await bus.respond(subject, handler);
      this.responders++;
      await this.respondsAfter;
      return {
        stop: async () => {
          this.responders--;
          await responder.stop();
        },
      };
    };
    return new Proxy(bus, {
      get: (port, method) => (method === 'respond' ? respond : Reflect.get(port, method).bind(port)),
    });
  }

  /** Everything of the world as this process reaches it. */
  #port<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (port, method) => {
        const value: unknown = Reflect.get(port, method);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          const call = String(method);
          if (CHANGES.has(call)) this.#site.sent.push({ replica: this.name, call, timeMs: this.#site.clock.nowMs() });
          await this.#step();
          const result: unknown = await Reflect.apply(value, port, args);
          await this.#step();
          return result;
        };
      },
    });
  }
}
