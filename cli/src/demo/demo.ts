import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { systemClock } from '@forescale/shared/time';
import { readTrace } from '@forescale/shared/trace';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import { generateLoad } from '@forescale/simulator/workload';
import { writeHistory } from '../import/write-history.ts';
import { wordsTo, writeJson } from '../output/json.ts';
import { startProgress } from '../output/progress.ts';
import { integerOption, numberOption, UsageError } from '../output/usage.ts';
import { Conductor, LOAD_SOURCE } from './conductor.ts';
import { Ledger } from './ledger.ts';
import { narrate } from './narrator.ts';
import { cutScenario, type Scenario } from './scenario.ts';
import { type Closing, type Stage, setOwnStage, setSharedStage } from './stage.ts';
import { summarise, summaryText } from './summary.ts';

const MINUTE_MS = 60_000;
/** Fast enough that three days are a coffee, slow enough to follow. */
const MINUTES_PER_SECOND = 30;
/** Where the cluster listens when its services run elsewhere. */
const CLUSTER_ADDRESS = '127.0.0.1:8090';

export interface DemoFlags {
  readonly trace?: string;
  readonly days: string;
  readonly once?: boolean;
  readonly seed: string;
  readonly port: string;
  readonly speed?: string;
  readonly json?: string;
  /** Of services that run elsewhere; absent: they run here. */
  readonly config?: string;
  /** With `config`: where the cluster listens. */
  readonly cluster?: string;
}

/** `forescale demo`: a simulated cluster lives through a load, with Forescale looking after its nodes. */
export async function demo(flags: DemoFlags, signal: AbortSignal): Promise<void> {
  const out = wordsTo(flags.json);
  const seed = integerOption('--seed', flags.seed, 0, 2 ** 31 - 1);
  const speed =
    flags.speed === undefined ? (flags.once ? 0 : MINUTES_PER_SECOND) : numberOption('--speed', flags.speed, 0, 10_000);
  const chosen = await chooseScenario(flags, seed);
  const data = await mkdtemp(join(tmpdir(), 'forescale-demo-'));
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  // What was opened must be closed however it ends: a server that listens keeps the process from ending.
  const closing: Closing = [() => rm(data, { recursive: true, force: true })];
  try {
    const stage = await setStage(chosen, flags, data, seed, either, closing);
    const { scenario } = stage;
    out.write(`${scenario.name}: ${stage.pool.mode} mode, ${stage.where}\n`);
    const series = { pool: stage.pool.name, signal: stage.signal, source: LOAD_SOURCE };
    await writeHistory(stage.store, series, scenario.history);
    const ledger = await play(stage, speed, either, out);
    if (!signal.aborted) {
      const summary = await summarise(scenario, stage.pool, ledger, stage.cluster, stage.bus, seed);
      if (flags.json !== undefined) await writeJson(flags.json, summary);
      out.write(`${summaryText(summary)}\n`);
      if (!flags.once) await stayUp(stage.where, signal, out);
    }
  } finally {
    stop.abort();
    for (const close of closing.toReversed()) await close();
  }
}

async function setStage(
  scenario: Scenario,
  flags: DemoFlags,
  data: string,
  seed: number,
  stop: AbortSignal,
  closing: Closing,
): Promise<Stage> {
  const port = integerOption('--port', flags.port, 0, 65_535);
  if (flags.config !== undefined) {
    const address = addressOption('--cluster', flags.cluster ?? CLUSTER_ADDRESS);
    return await setSharedStage(scenario, { configFile: flags.config, ...address, seed }, closing);
  }
  if (flags.cluster !== undefined)
    throw new UsageError(`--cluster = ${JSON.stringify(flags.cluster)}; allowed: together with --config`);
  return await setOwnStage(scenario, { port: flags.once ? 0 : port, data, seed }, stop, closing);
}

/** An address and a port to listen on. */
function addressOption(option: string, text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^\[?([\w.:-]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host !== '' && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new UsageError(
    `${option} = ${JSON.stringify(text)}; allowed: an address and a port, such as ${CLUSTER_ADDRESS}`,
  );
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

async function play(stage: Stage, speed: number, signal: AbortSignal, out: NodeJS.WriteStream): Promise<Ledger> {
  const { scenario, pool, cluster, bus } = stage;
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

async function stayUp(where: string, signal: AbortSignal, out: NodeJS.WriteStream): Promise<void> {
  out.write(`The replay is over; it stays up until Ctrl-C: ${where}\n`);
  await systemClock.sleep(2 ** 31 - 1, signal);
}
