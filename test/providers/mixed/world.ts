import { setTimeout as delay } from 'node:timers/promises';
import { type Actuator, startActuator } from '@forescale/actuator/service';
import { createInProcessBus } from '@forescale/shared/bus';
import {
  type Config,
  type OfferingConfig,
  POOL_LABEL,
  type PoolConfig,
  parseConfig,
  type SingleProviderConfig,
} from '@forescale/shared/config';
import { Readiness } from '@forescale/shared/service';
import { createSqliteStore, type Store } from '@forescale/shared/store';
import { silentInstruments, silentLog } from '@forescale/shared/telemetry';
import { ManualClock, type Random, seededRandom } from '@forescale/shared/time';
import { FakeCluster } from '../../../services/actuator/src/execute/fakes/fake-cluster.ts';
import { FakeState } from '../../../services/actuator/src/execute/fakes/fake-state.ts';
import { Gate } from '../../../services/actuator/src/execute/fakes/gate.ts';
import { FakeSurroundings } from '../../../services/actuator/src/service/fakes/fake-surroundings.ts';
import type { Target } from '../target.ts';
import { WatchedProvider } from './watched-provider.ts';

const MINUTE_MS = 60_000;
const POOL = 'web';
const BOOT_MS = 90_000;
/** Real time gives sockets their turn; virtual time goes on meanwhile, for whatever waits for it. */
const TURN_MS = 4;
const STEP_MS = 100;
/** A tick of virtual time that takes longer hangs. */
const TICK_MS_MAX = 30 * MINUTE_MS;

export interface MixedSpec {
  /** By name; what each sells. The first is the one that offerings without a name are bought from. */
  readonly targets: ReadonlyMap<string, { readonly target: Target; readonly sells: readonly OfferingConfig[] }>;
  readonly maxNodes: number;
  readonly seed: number;
}

interface Part {
  readonly name: string;
  readonly target: Target;
  readonly provider: WatchedProvider;
  readonly strangers: ReadonlySet<string>;
}

/** What the journal says of one node. */
interface Recorded {
  readonly requestId: string;
  readonly state: string;
  readonly machineIds: readonly string[];
}

/**
 * The real actuator on the end points of several clouds, each over its sockets. Cluster, journal and store are in memory and
 * outlive the process, which can be killed at any step. Machines become nodes in 90 s; a tick a minute.
 */
export class MixedWorld {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly parts: readonly Part[];
  readonly cluster = new FakeCluster();
  readonly state = new FakeState();
  /** Requests that have had two machines at once. */
  readonly doubled = new Set<string>();
  /** Machines at once, at most. */
  machinesMost = 0;
  /** Which of the providers have made machines. */
  readonly usedBy = new Set<string>();
  crashes = 0;
  load = 0;
  readonly #store: Store;
  readonly #config: Config;
  readonly #bus = createInProcessBus();
  #actuator!: Actuator;
  #starts = 0;

  private constructor({ targets, maxNodes, seed }: MixedSpec, store: Store) {
    this.random = seededRandom(seed);
    this.parts = [...targets].map(([name, { target }]) => ({
      ...{
        name,
        target,
        provider: new WatchedProvider(target.provider),
        strangers: new Set([target.endpoint.addStranger()]),
      },
    }));
    this.clock = new ManualClock(Math.max(...this.parts.map(({ target }) => target.clock.nowMs())));
    this.#store = store;
    this.#config = configOf(targets, maxNodes);
  }

  static async create(spec: MixedSpec): Promise<MixedWorld> {
    const world = new MixedWorld(spec, await createSqliteStore({ path: ':memory:' }));
    await world.start();
    return world;
  }

  /** A new process on what the last one has left behind; it dies at the step `killAt` of its calls. */
  async start(killAt = Number.POSITIVE_INFINITY): Promise<void> {
    const gate = new Gate();
    gate.killAt = killAt;
    for (const port of [this.cluster, this.state, ...this.parts.map(({ provider }) => provider)]) port.gate = gate;
    const { cluster, state, clock } = this;
    this.#actuator = await startActuator({
      config: this.#config,
      reader: cluster,
      writer: cluster,
      surroundings: new FakeSurroundings(),
      store: this.#store,
      bus: this.#bus,
      state,
      clock,
      ioClock: clock,
      random: seededRandom(this.random.below(2 ** 30) + this.#starts++),
      readiness: new Readiness(),
      instruments: silentInstruments(),
      log: silentLog(),
      homeNode: null,
      openProvider: async (config) => this.#opened(config),
    });
  }

  /** The process is killed so many steps of its calls from now on, in whatever it is about then. */
  killSoon(steps: number): void {
    this.state.gate.killAt = this.state.gate.passed + steps;
  }

  /** One tick, and what is left of its minute. A process that was killed starts anew with the next one. */
  async minute(): Promise<void> {
    const startMs = this.clock.nowMs();
    const tags = { pool: POOL, signal: 'rps', source: 'test' };
    await this.#store.write([{ measurement: 'kpi', tags, fields: { value: this.load }, timeMs: startMs }]);
    await this.#driven(this.#actuator.tick(startMs), startMs);
    if (this.state.gate.dead) {
      this.crashes++;
      await this.start();
    }
    this.#advanceTo(startMs + MINUTE_MS);
    this.#bootNodes();
    this.#watch();
  }

  async minutes(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.minute();
  }

  /** The cloud takes a spot machine back, if there is one. */
  interruptOne(): boolean {
    const spot = this.parts.flatMap(({ target, provider }) =>
      this.#alive(target, provider)
        .filter(({ requestId }) => provider.asked.get(requestId)?.capacityType === 'spot')
        .map(({ id }) => ({ id, endpoint: target.endpoint })),
    );
    const taken = spot[this.random.below(Math.max(1, spot.length))];
    taken?.endpoint.interrupt(taken.id, 'reclaim');
    return taken !== undefined;
  }

  async journal(): Promise<readonly Recorded[]> {
    const keys = await this.state.keys(`node.${POOL}.`);
    const entries = await Promise.all(keys.map((key) => this.state.get(key)));
    return entries.flatMap((entry) => (entry ? [JSON.parse(new TextDecoder().decode(entry.value)) as Recorded] : []));
  }

  /** Ids of the machines that cost money and are not of somebody else, as the journal names them. */
  running(): string[] {
    const own = ({ name, target, strangers }: Part) =>
      target.endpoint.running().flatMap((id) => (strangers.has(id) ? [] : [`${name}/${id}`]));
    return this.parts.flatMap(own).sort();
  }

  readyNodes(): readonly string[] {
    return [...this.cluster.nodes.values()].filter(({ ready }) => ready).map(({ name }) => name);
  }

  failedCalls(): number {
    return this.parts.reduce((sum, { provider }) => sum + provider.failed, 0);
  }

  strangersLeft(): number {
    return this.parts.filter(({ target, strangers }) => target.endpoint.running().some((id) => strangers.has(id)))
      .length;
  }

  async close(): Promise<void> {
    await this.#actuator.stop();
    await this.#bus.close();
    await this.#store.close();
    for (const { target } of this.parts) await target.close();
  }

  #opened(config: SingleProviderConfig): WatchedProvider {
    const part = this.parts.find(({ target }) => target.config === config);
    if (part) return part.provider;
    throw new Error(`no provider of kind ${config.kind}`);
  }

  async #driven(tick: Promise<void>, startMs: number): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    tick.then(end, end);
    while (!isOver) {
      await delay(TURN_MS);
      if (isOver) break;
      this.#advanceTo(this.clock.nowMs() + STEP_MS);
      if (this.clock.nowMs() > startMs + TICK_MS_MAX) throw new Error('a tick does not end');
    }
    // A killed process ends as it may.
    await tick.catch((error: unknown) => {
      if (!this.state.gate.dead) throw error;
    });
  }

  #advanceTo(timeMs: number): void {
    for (const clock of [this.clock, ...this.parts.map(({ target }) => target.clock)]) clock.advanceTo(timeMs);
    for (const { target } of this.parts) target.endpoint.step();
  }

  #alive({ endpoint }: Target, provider: WatchedProvider) {
    return endpoint.running().flatMap((id) => provider.shown.get(id) ?? []);
  }

  /** A machine becomes a Ready node when it has booted; the node of a machine that is gone falls silent. */
  #bootNodes(): void {
    const alive = new Set<string>();
    for (const { target, provider } of this.parts)
      for (const { nodeName, providerId, requestId, createdMs } of this.#alive(target, provider)) {
        alive.add(nodeName);
        const readyMs = createdMs + BOOT_MS;
        if (this.cluster.nodes.has(nodeName) || readyMs > this.clock.nowMs()) continue;
        const labels = labelsOf(provider.asked.get(requestId));
        this.cluster.addNode({ name: nodeName, providerId, createdMs: readyMs, readyChangedMs: readyMs, labels });
      }
    for (const node of this.cluster.nodes.values())
      if (!alive.has(node.name) && node.ready)
        this.cluster.nodes.set(node.name, { ...node, ready: false, readyChangedMs: this.clock.nowMs() });
  }

  #watch(): void {
    const running = this.running();
    this.machinesMost = Math.max(this.machinesMost, running.length);
    for (const { name, target, provider } of this.parts) {
      const alive = this.#alive(target, provider).filter(({ requestId }) => requestId !== '');
      if (alive.length > 0) this.usedBy.add(name);
      for (const [requestId, machines] of Map.groupBy(alive, (one) => one.requestId))
        if (machines.length > 1) this.doubled.add(requestId);
    }
  }
}

function labelsOf(offering: OfferingConfig | undefined): Readonly<Record<string, string>> {
  if (!offering) return { [POOL_LABEL]: POOL };
  return {
    [POOL_LABEL]: POOL,
    'forescale.dev/capacity-type': offering.capacityType,
    'node.kubernetes.io/instance-type': offering.instanceType,
    'topology.kubernetes.io/region': offering.region,
    'topology.kubernetes.io/zone': offering.zone,
  };
}

/** The pool as a file would have it, but for the providers, which are those of the targets. */
function configOf(targets: MixedSpec['targets'], maxNodes: number): Config {
  const offerings = [...targets].flatMap(([provider, { sells }]) =>
    sells.map((one) => ({
      provider,
      instance_type: one.instanceType,
      region: one.region,
      zone: one.zone,
      capacity_type: one.capacityType,
      usd_per_hour: one.usdPerHour,
      allocatable: { cpu: '4', memory: '16Gi', pods: 110 },
    })),
  );
  const named = [...targets.keys()].map((name) => [name, { kind: 'simulated', url: `http://${name}.invalid` }]);
  const pool = {
    name: POOL,
    mode: 'enforce',
    provider: { kind: 'mixed', providers: Object.fromEntries(named) },
    signals: [{ name: 'rps', capacity_per_node: 100 }],
    bounds: { min_nodes: 2, max_nodes: maxNodes },
    spot: { share: 0.6, on_demand_base: 2 },
    scale_down: { unneeded: '5m', after_scale_up: '5m' },
    offerings,
  };
  const config = parseConfig(JSON.stringify({ autoscaler: { pools: [pool] } }), 'test', {});
  const providers = Object.fromEntries([...targets].map(([name, { target }]) => [name, target.config]));
  const [parsed] = config.pools as [PoolConfig];
  return { ...config, pools: [{ ...parsed, provider: { kind: 'mixed', providers } }] };
}
