import { type OfferingConfig, POOL_LABEL, type PoolConfig, parseConfig, providersOf } from '@forescale/shared/config';
import { ManualClock, seededRandom } from '@forescale/shared/time';
import type { Machine, MachineProvider } from '../../providers/port.ts';
import { type CallLimits, createProviderCalls } from '../calls.ts';
import type { Failure, NodeEvent, Permission } from '../context.ts';
import { Executor, type Order } from '../executor.ts';
import { guardedMachines } from '../machines.ts';
import { mixedMachines } from '../mixed-machines.ts';
import { FakeCloud } from './fake-cloud.ts';
import { FakeCluster } from './fake-cluster.ts';
import { FakeState } from './fake-state.ts';
import { Gate, Killed } from './gate.ts';

export const MINUTE_MS = 60_000;
const BOOT_MS = 90_000;

export const ONE_TRY: CallLimits = {
  concurrency: 100,
  ratePerSecond: null,
  timeoutMs: 30_000,
  retriesMax: 0,
  backoffFirstMs: 100,
  backoffMaxMs: 1_000,
  breaker: { failuresMax: 1_000, openMs: MINUTE_MS },
};

const CONFIG = `autoscaler:
  pools:
    - name: web
      mode: enforce
      provider: { kind: simulated, url: "http://127.0.0.1:1" }
      offerings:
        - { instance_type: small, zone: a, usd_per_hour: 0.1 }
        - { instance_type: small, zone: b, usd_per_hour: 0.12 }
`;

/** The pool that the tests run. */
export function testPool(change: Partial<PoolConfig> = {}): PoolConfig {
  const [pool] = parseConfig(CONFIG, 'test', {}).pools;
  return { ...(pool as PoolConfig), ...change };
}

/** A provider that can be looked into, and at whose calls a process can be killed. */
export interface WorldCloud extends MachineProvider {
  gate: Gate;
  readonly running: readonly Machine[];
}

/**
 * A cloud, a cluster and a bucket that outlive the process that works on them, and one executor, which can be killed
 * at any step and started anew. `tick` does what the service does, with a planner that only wants `desired` nodes.
 */
export class World<Cloud extends WorldCloud = FakeCloud> {
  readonly clock: ManualClock;
  readonly cloud: Cloud;
  readonly cluster = new FakeCluster();
  readonly state = new FakeState();
  readonly events: NodeEvent[] = [];
  readonly failures: Failure[] = [];
  readonly troubles: string[] = [];
  pool: PoolConfig;
  desired = 0;
  permission: Permission = 'all';
  mayBegin = () => true;
  /** Other providers of the pool, by name. */
  beside: Readonly<Record<string, MachineProvider>> = {};
  neverRegisters = (_nodeName: string) => false;
  executor: Executor;
  readonly #limits: CallLimits;
  readonly #seed: number;
  #processes = 0;

  static create(pool: PoolConfig = testPool(), limits: CallLimits = ONE_TRY, seed = 1): World {
    const clock = World.clock();
    return new World(clock, new FakeCloud(clock), pool, limits, seed);
  }

  static clock(): ManualClock {
    return new ManualClock(1_000 * MINUTE_MS);
  }

  constructor(clock: ManualClock, cloud: Cloud, pool: PoolConfig = testPool(), limits: CallLimits = ONE_TRY, seed = 1) {
    this.clock = clock;
    this.cloud = cloud;
    this.pool = pool;
    this.#limits = limits;
    this.#seed = seed;
    this.executor = this.start();
  }

  /** A new process on the same cloud, cluster and bucket. It dies at step `killAt`. */
  start(killAt = Number.POSITIVE_INFINITY): Executor {
    const gate = new Gate();
    gate.killAt = killAt;
    this.cloud.gate = gate;
    this.cluster.gate = gate;
    this.state.gate = gate;
    const random = seededRandom(this.#seed + 1_000 * this.#processes++);
    const calls = createProviderCalls(this.#limits, {
      clock: this.clock,
      ioClock: this.clock,
      random,
      onError: () => undefined,
      onAnswer: () => undefined,
    });
    const { pool, cluster: writer, state } = this;
    const { provider } = pool;
    const guarded = (cloud: MachineProvider) => guardedMachines(cloud, () => calls);
    const clouds = new Map<string, MachineProvider>(Object.entries(this.beside));
    const named = () =>
      [...providersOf(provider).keys()].map((name) => [name, guarded(clouds.get(name) ?? this.cloud)] as const);
    const machines = provider.kind === 'mixed' ? mixedMachines(new Map(named())) : guarded(this.cloud);
    // Who has started last leads.
    const started: Executor = new Executor({
      ...{ pool, machines, writer, state, clock: this.clock, random },
      isCurrent: async () => this.executor === started,
      tickMs: MINUTE_MS,
      mayBegin: () => this.mayBegin(),
    });
    this.executor = started;
    return started;
  }

  /**
   * The configuration calls the provider so, beside those of `beside`; '' as the only one that the pool has. The next process
   * reads that.
   */
  nameProvider(name: string): void {
    const { provider, offerings } = testPool();
    if (provider.kind === 'mixed') throw new Error('it has a name already');
    const providers = Object.fromEntries([name, ...Object.keys(this.beside)].map((one) => [one, provider]));
    this.pool = {
      ...this.pool,
      provider: name === '' ? provider : { kind: 'mixed', providers },
      offerings: offerings.map((one) => ({ ...one, provider: name })),
    };
    this.start();
  }

  offering(index = 0): OfferingConfig {
    return this.pool.offerings[index] as OfferingConfig;
  }

  /** One tick, and a minute later. A killed process starts anew with the next one. */
  async tick(orders?: (executor: Executor) => Order[]): Promise<void> {
    try {
      await this.driven(this.#tick(orders ?? (() => this.#wanted())));
    } catch (error) {
      if (!(error instanceof Killed) && !this.state.away) throw error;
    }
    if (this.state.gate.dead) this.start();
    this.clock.advanceTo(this.clock.nowMs() + MINUTE_MS);
    this.#bootNodes();
  }

  async #tick(orders: (executor: Executor) => Order[]): Promise<void> {
    const nowMs = this.clock.nowMs();
    await this.executor.look('cluster-1', nowMs);
    const cluster = await this.cluster.read(nowMs);
    await this.executor.settle('cluster-1', cluster, this.permission, nowMs);
    await this.executor.perform('cluster-1', orders(this.executor), 1, cluster, this.permission, nowMs);
    const news = this.executor.takeNews();
    this.events.push(...news.events);
    this.failures.push(...news.failures);
    this.troubles.push(...news.troubles);
  }

  /** Lets virtual time pass while something waits for it. */
  async driven<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const watched = work.finally(() => {
      done = true;
    });
    watched.catch(() => undefined);
    for (let turns = 0; !done && turns < 1_000_000; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!done && turns > 3) this.clock.advanceTo(this.clock.nowMs() + 10);
    }
    return await watched;
  }

  #wanted(): Order[] {
    const staying = this.executor.records.filter((one) => one.state !== 'draining' && one.state !== 'removing');
    const surplus = staying.filter((one) => one.state === 'ready').slice(0, Math.max(0, staying.length - this.desired));
    const reclaimed = staying.filter((one) => this.executor.noticedMs('reclaim').has(one.requestId));
    const missing = this.desired - staying.length + reclaimed.length;
    const drains = reclaimed.map(({ nodeName }) => ({
      kind: 'drain' as const,
      nodeName,
      why: 'reclaimed',
      force: true,
    }));
    if (missing > 0) return [...drains, { kind: 'create', offering: this.offering(), count: missing, why: 'wanted' }];
    return surplus.map((one) => ({ kind: 'drain', nodeName: one.nodeName, why: 'surplus', force: false }));
  }

  /** A machine becomes a Ready node when it has booted; the node of a machine that is gone falls silent. */
  #bootNodes(): void {
    // Who is not named by us is named by its owner, after the machine.
    const running = new Map(this.cloud.running.map((machine) => [machine.nodeName || `node-${machine.id}`, machine]));
    for (const [nodeName, { createdMs, providerId }] of running) {
      const readyMs = createdMs + BOOT_MS;
      if (this.cluster.nodes.has(nodeName) || this.neverRegisters(nodeName) || readyMs > this.clock.nowMs()) continue;
      const labels = { [POOL_LABEL]: this.pool.name };
      this.cluster.addNode({ name: nodeName, providerId, createdMs: readyMs, readyChangedMs: readyMs, labels });
    }
    for (const node of this.cluster.nodes.values()) {
      if (!running.has(node.name) && node.ready)
        this.cluster.nodes.set(node.name, { ...node, ready: false, readyChangedMs: this.clock.nowMs() });
    }
  }
}
