import { fileURLToPath } from 'node:url';
import type { Bus } from '@forescale/shared/bus';
import { type Config, ConfigError, loadConfig, type PoolConfig } from '@forescale/shared/config';
import type { Store } from '@forescale/shared/store';
import { createLog } from '@forescale/shared/telemetry';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import { loadCompleteConfig } from '../runtime/complete-config.ts';
import { startProcess } from '../runtime/process.ts';
import { openRuntime } from '../runtime/runtime.ts';
import { readToken } from '../runtime/secrets.ts';
import { LOAD_SOURCE } from './conductor.ts';
import type { Scenario } from './scenario.ts';
import { createWorld } from './world.ts';

const CONFIG_FILE = fileURLToPath(new URL('../../../examples/demo.yaml', import.meta.url));

/** What has been opened, in that order; to be closed in the other one, however it ends. */
export type Closing = (() => Promise<unknown>)[];

/** Where a demo plays: a cluster, and services that look after it. */
export interface Stage {
  /** As it is played. */
  readonly scenario: Scenario;
  readonly pool: PoolConfig;
  /** Of the load. */
  readonly signal: string;
  readonly cluster: SimulatedCluster;
  readonly store: Store;
  readonly bus: Bus;
  /** Where there is something to be seen, in words. */
  readonly where: string;
}

/** Everything in this process: the services run until `stop` aborts. */
export async function setOwnStage(
  scenario: Scenario,
  options: { readonly port: number; readonly data: string; readonly seed: number },
  stop: AbortSignal,
  closing: Closing,
): Promise<Stage> {
  const settings = (cluster: string) => ({
    ...process.env,
    DEMO_DATA: options.data,
    DEMO_CLUSTER: cluster,
    DEMO_PORT: String(options.port),
    DEMO_CAPACITY: String(scenario.capacityPerNode),
    DEMO_INTERVAL: `${Math.round(scenario.intervalMs / 1_000)}s`,
  });
  // The cluster is made after the pool's offerings, and the pool has to know where the cluster listens: read twice.
  const draft = poolOf(await loadConfig(CONFIG_FILE, settings('http://127.0.0.1:1')));
  const cluster = createWorld(scenario, draft, initialNodes(scenario, draft), options.seed);
  const server = await cluster.listen();
  closing.push(() => server.close());
  const config = await loadConfig(CONFIG_FILE, settings(server.url));
  const { url, runtime, run } = await startProcess(config, ['collector', 'predictor', 'actuator']);
  const running = run(stop);
  closing.push(() => running);
  const { store, bus } = runtime;
  return { scenario, pool: poolOf(config), signal: signalOf(draft), cluster, store, bus, where: `page on ${url}` };
}

/**
 * Only the cluster, its load and its time are here; the services are processes elsewhere that run with the same
 * configuration. What a node carries is what that says. Rejects with `ConfigError` where it is not for this.
 */
export async function setSharedStage(
  scenario: Scenario,
  options: { readonly configFile: string; readonly host: string; readonly port: number; readonly seed: number },
  closing: Closing,
): Promise<Stage> {
  const { configFile, host, port, seed } = options;
  const config = await loadCompleteConfig(configFile, process.env);
  const pool = poolOf(config);
  refuseUnfit(config, pool, configFile);
  const signal = signalOf(pool);
  const capacityPerNode = pool.signals[0]?.capacityPerNode ?? null;
  if (capacityPerNode === null)
    throw new ConfigError(`${configFile}: autoscaler.pools[0].capacity_per_node is absent; allowed: a number`);
  const { provider } = pool;
  const tokenFile = provider.kind === 'simulated' ? provider.tokenFile : null;
  const token = await readToken('autoscaler.pools[0].provider.token_file', tokenFile);
  const scaled = { ...scenario, capacityPerNode };
  const cluster = createWorld(scaled, pool, initialNodes(scaled, pool), seed, token);
  const runtime = await openRuntime(config, 'demo', createLog('demo', config.telemetry.logLevel), false);
  closing.push(() => runtime.close());
  const { store, bus } = runtime;
  await refuseLaterSamples(store, { pool: pool.name, signal, source: LOAD_SOURCE }, scenario.startMs);
  const server = await cluster.listen({ host, port });
  closing.push(() => server.close());
  return { scenario: scaled, pool, signal, cluster, store, bus, where: `cluster on ${server.url}, services elsewhere` };
}

function refuseUnfit({ bus, clock, pools }: Config, pool: PoolConfig, file: string): void {
  const wrong = [
    [bus.kind !== 'nats', `bus.kind = ${bus.kind}; allowed for a demo of several processes: nats`],
    [clock.source !== 'bus', `clock.source = ${clock.source}; allowed for a demo: bus`],
    [pools.length > 1, `pools: ${pools.length} of them; allowed for a demo: 1`],
    [
      pool.provider.kind !== 'simulated',
      `pools[0].provider.kind = ${pool.provider.kind}; allowed for a demo: simulated`,
    ],
  ] as const;
  for (const [isWrong, what] of wrong) if (isWrong) throw new ConfigError(`${file}: autoscaler.${what}`);
}

/** Time would run backwards for services that have been through the same days. */
async function refuseLaterSamples(store: Store, tags: Readonly<Record<string, string>>, startMs: number) {
  const query = { measurement: 'kpi', tags, fields: ['value'], order: 'descending', limit: 1 } as const;
  const newestMs = (await store.query(query))[0]?.timeMs ?? Number.NEGATIVE_INFINITY;
  if (newestMs <= startMs) return;
  const [newest, start] = [newestMs, startMs].map((timeMs) => new Date(timeMs).toISOString());
  throw new Error(`the store has samples of an earlier replay, up to ${newest}; allowed: none after ${start}`);
}

function initialNodes(scenario: Scenario, pool: PoolConfig): number {
  const firstDemand = scenario.history.values.at(-1) ?? 0;
  return Math.max(pool.bounds.minNodes, Math.ceil(firstDemand / scenario.capacityPerNode) + 1);
}

const signalOf = (pool: PoolConfig) => pool.signals[0]?.name ?? 'load';

function poolOf(config: Config): PoolConfig {
  const [pool] = config.pools;
  if (!pool) throw new Error('the demo configuration has no pool');
  return pool;
}
