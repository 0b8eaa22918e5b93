import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig, type PoolConfig } from '@forescale/shared/config';
import { systemClock } from '@forescale/shared/time';
import { readTrace } from '@forescale/shared/trace';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import { generateLoad } from '@forescale/simulator/workload';
import { writeHistory } from '../import/write-history.ts';
import { wordsTo, writeJson } from '../output/json.ts';
import { startProgress } from '../output/progress.ts';
import { integerOption, numberOption } from '../output/usage.ts';
import { type ServiceProcess, startProcess } from '../runtime/process.ts';
import { Conductor, LOAD_SOURCE } from './conductor.ts';
import { Ledger } from './ledger.ts';
import { narrate } from './narrator.ts';
import { cutScenario, type Scenario } from './scenario.ts';
import { summarise, summaryText } from './summary.ts';
import { createWorld } from './world.ts';

const MINUTE_MS = 60_000;
/** Fast enough that three days are a coffee, slow enough to follow. */
const MINUTES_PER_SECOND = 30;
const CONFIG_FILE = fileURLToPath(new URL('../../../examples/demo.yaml', import.meta.url));

export interface DemoFlags {
  readonly trace?: string;
  readonly days: string;
  readonly once?: boolean;
  readonly seed: string;
  readonly port: string;
  readonly speed?: string;
  readonly json?: string;
}

/** `forescale demo`: a simulated cluster lives through a load, with Forescale looking after its nodes. */
export async function demo(flags: DemoFlags, signal: AbortSignal): Promise<void> {
  const out = wordsTo(flags.json);
  const seed = integerOption('--seed', flags.seed, 0, 2 ** 31 - 1);
  const speed =
    flags.speed === undefined ? (flags.once ? 0 : MINUTES_PER_SECOND) : numberOption('--speed', flags.speed, 0, 10_000);
  const scenario = await chooseScenario(flags, seed);
  const data = await mkdtemp(join(tmpdir(), 'forescale-demo-'));
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  // What was opened must be closed however it ends: a server that listens keeps the process from ending.
  const closing: (() => Promise<void>)[] = [() => rm(data, { recursive: true, force: true })];
  try {
    const stage = await setStage(scenario, flags, data, seed, closing);
    out.write(`${scenario.name}: ${stage.pool.mode} mode, page on ${stage.process.url}\n`);
    const running = stage.process.run(either);
    closing.push(() => running);
    const series = { pool: stage.pool.name, signal: stage.signal, source: LOAD_SOURCE };
    await writeHistory(stage.process.runtime.store, series, scenario.history);
    const ledger = await play(scenario, stage, speed, either, out);
    if (!signal.aborted) {
      const summary = await summarise(scenario, stage.pool, ledger, stage.cluster, stage.process, seed);
      if (flags.json !== undefined) await writeJson(flags.json, summary);
      out.write(`${summaryText(summary)}\n`);
      if (!flags.once) await stayUp(stage.process.url, signal, out);
    }
  } finally {
    stop.abort();
    for (const close of closing.toReversed()) await close();
  }
}

async function chooseScenario(flags: DemoFlags, seed: number): Promise<Scenario> {
  const days = numberOption('--days', flags.days, 0.05, 60);
  if (flags.trace !== undefined) return cutScenario(basename(flags.trace), await readTrace(flags.trace), days);
  // Three weeks of history from a Monday, then the days that are replayed.
  const startMs = Date.UTC(2026, 0, 5);
  return cutScenario(
    `generated load, seed ${seed}`,
    generateLoad({ seed, startMs, days: 21 + days, base: 1_000 }),
    days,
  );
}

interface Stage {
  readonly pool: PoolConfig;
  /** Of the load. */
  readonly signal: string;
  readonly cluster: SimulatedCluster;
  readonly process: ServiceProcess;
}

async function setStage(
  scenario: Scenario,
  flags: DemoFlags,
  data: string,
  seed: number,
  closing: (() => Promise<void>)[],
): Promise<Stage> {
  const port = integerOption('--port', flags.port, 0, 65_535);
  const settings = (cluster: string) => ({
    ...process.env,
    DEMO_DATA: data,
    DEMO_CLUSTER: cluster,
    DEMO_PORT: String(flags.once ? 0 : port),
    DEMO_CAPACITY: String(scenario.capacityPerNode),
    DEMO_INTERVAL: `${Math.round(scenario.intervalMs / 1_000)}s`,
  });
  // The cluster is made after the pool's offerings, and the pool has to know where the cluster listens: read twice.
  const draft = poolOf(await loadConfig(CONFIG_FILE, settings('http://127.0.0.1:1')));
  const firstDemand = scenario.history.values.at(-1) ?? 0;
  const initialNodes = Math.max(draft.bounds.minNodes, Math.ceil(firstDemand / scenario.capacityPerNode) + 1);
  const cluster = createWorld(scenario, draft, initialNodes, seed);
  const server = await cluster.listen();
  closing.push(() => server.close());
  const config = await loadConfig(CONFIG_FILE, settings(server.url));
  const services = await startProcess(config, ['collector', 'predictor', 'actuator']);
  return { pool: poolOf(config), signal: draft.signals[0]?.name ?? 'load', cluster, process: services };
}

function poolOf(config: Config): PoolConfig {
  const [pool] = config.pools;
  if (!pool) throw new Error('the demo configuration has no pool');
  return pool;
}

async function play(
  scenario: Scenario,
  stage: Stage,
  speed: number,
  signal: AbortSignal,
  out: NodeJS.WriteStream,
): Promise<Ledger> {
  const { pool, cluster } = stage;
  const { bus } = stage.process.runtime;
  await narrate(bus, pool.name, out);
  const ledger = new Ledger(scenario.capacityPerNode);
  const conductor = await Conductor.start({
    bus,
    cluster,
    pool: pool.name,
    signal: stage.signal,
    load: scenario.live,
    signalToStop: signal,
  });
  const progress = startProgress('replay');
  // The first tick reads the history and trains; the cluster stands still meanwhile.
  await conductor.tick(scenario.startMs);
  const startedMs = performance.now();
  for (let nowMs = scenario.startMs + MINUTE_MS; nowMs <= scenario.endMs && !signal.aborted; nowMs += MINUTE_MS) {
    await conductor.step(nowMs);
    ledger.add(observe(cluster, nowMs));
    progress.update((nowMs - scenario.startMs) / MINUTE_MS, (scenario.endMs - scenario.startMs) / MINUTE_MS);
    if (speed > 0) {
      const dueMs = startedMs + ((nowMs - scenario.startMs) / MINUTE_MS / speed) * 1_000;
      await systemClock.sleep(dueMs - performance.now(), signal);
    }
  }
  progress.end();
  return ledger;
}

function observe(cluster: SimulatedCluster, timeMs: number) {
  const { nodes, workload, cost } = cluster.summary();
  return { timeMs, demand: workload?.demand ?? 0, nodesReady: nodes.ready, usdPerHour: cost.usdPerHour };
}

async function stayUp(url: string, signal: AbortSignal, out: NodeJS.WriteStream): Promise<void> {
  out.write(`The replay is over; the page stays on ${url} until Ctrl-C.\n`);
  await systemClock.sleep(2 ** 31 - 1, signal);
}
