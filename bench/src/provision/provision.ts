import { join } from 'node:path';
import { integerOption, numberOption, UsageError } from '@forescale/cli/output';
import { parseDurationMs } from '@forescale/shared/time';
import { type RunBenchmark, textFlag } from '../benchmark.ts';
import { checkWritable, RESULTS } from '../outputs.ts';
import { writeSvg } from '../svg.ts';
import { type Column, table } from '../table.ts';
import { pictureOf } from './picture.ts';
import { type CreateCall, openWorld } from './world.ts';

const NODES_MAX = 1_000;
const LATENCY_MS_MAX = 14_000;

interface Case {
  readonly mode: 'concurrent' | 'sequential';
  readonly nodes: number;
  readonly latencyMs: number;
  readonly ratePerSecond: number | null;
}

/** One case, measured: what was sent and answered when. */
export interface Measured extends Case {
  readonly calls: readonly CreateCall[];
  /** From the plan to its last answer written down. */
  readonly seconds: number;
}

/**
 * How long a plan of many nodes takes until all are asked for and answered, with and without a limit of the provider's
 * rate: all at once, as Forescale does it, and one after another.
 */
export const run: RunBenchmark = async (flags, stage) => {
  const nodes = integerOption('--nodes', textFlag(flags, 'nodes') ?? '100', 1, NODES_MAX);
  const latencyMs = latencyOption(textFlag(flags, 'latency') ?? '2s');
  const ratePerSecond = numberOption('--rate', textFlag(flags, 'rate') ?? '20', 0.1, 10_000);
  const some = integerOption('--sequential-nodes', textFlag(flags, 'sequentialNodes') ?? '5', 1, NODES_MAX);
  const picture = textFlag(flags, 'picture') ?? join(RESULTS, 'provision.svg');
  await checkWritable('--picture', picture);
  const cases = [null, ratePerSecond].flatMap((rate): Case[] => [
    { mode: 'concurrent', nodes, latencyMs, ratePerSecond: rate },
    { mode: 'sequential', nodes: Math.min(some, nodes), latencyMs, ratePerSecond: rate },
  ]);
  const all = cases.reduce((sum, one) => sum + one.nodes, 0);
  // A running service has long been loaded and compiled.
  await measure({ mode: 'concurrent', nodes: 20, latencyMs: 0, ratePerSecond: null }, () => undefined, stage.signal);
  const measured: Measured[] = [];
  let done = 0;
  for (const one of cases) measured.push(await measure(one, () => stage.progress(++done, all), stage.signal));
  await writeSvg('--picture', picture, pictureOf(measured));
  stage.say(`picture: ${picture}`);
  const rows = measured.map(rowOf);
  return {
    rows,
    summary: [null, ratePerSecond].map((rate) => comparison(measured, rate)),
    words: wordsOf(rows, nodes),
  };
};

function latencyOption(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== null && ms <= LATENCY_MS_MAX) return ms;
  throw new UsageError(`--latency = ${JSON.stringify(text)}; allowed: a duration from 0s to 14s, such as "2s"`);
}

async function measure(one: Case, onAnswer: () => void, signal: AbortSignal): Promise<Measured> {
  const world = await openWorld(one.latencyMs, one.ratePerSecond, onAnswer);
  try {
    const startMs = performance.now();
    if (one.mode === 'concurrent') await world.order(one.nodes);
    for (let i = 0; one.mode === 'sequential' && i < one.nodes && !signal.aborted; i++) await world.order(1);
    signal.throwIfAborted();
    const seconds = (performance.now() - startMs) / 1_000;
    const { machines, recorded } = world.counts();
    if (machines !== one.nodes || recorded !== one.nodes)
      throw new Error(`${one.nodes} nodes were ordered, ${machines} made and ${recorded} written down`);
    return { ...one, calls: world.calls, seconds };
  } finally {
    await world.close();
  }
}

type ProvisionRow = ReturnType<typeof rowOf>;

/** All at once takes one answer's time and a little; with a rate, also until the last was sent. */
function rowOf({ mode, nodes, latencyMs, ratePerSecond, calls, seconds }: Measured) {
  const lastSentLimit = ratePerSecond === null ? null : (1.2 * nodes) / ratePerSecond;
  const answerLimit = (1.1 * latencyMs) / 1_000;
  const limit = lastSentLimit === null ? answerLimit + 0.5 : lastSentLimit + answerLimit;
  const sent = calls.map(({ sentMs }) => sentMs).sort((a, b) => a - b);
  const gaps = sent.slice(1).map((ms, i) => ms - (sent[i] as number));
  return {
    mode,
    nodes,
    latency_s: latencyMs / 1_000,
    rate_per_s: ratePerSecond,
    seconds: rounded(seconds),
    limit_seconds: mode === 'concurrent' ? rounded(limit) : null,
    last_sent_s: rounded((sent.at(-1) ?? 0) / 1_000),
    last_sent_limit_s: mode === 'concurrent' ? lastSentLimit && rounded(lastSentLimit) : null,
    gap_min_ms: gaps.length === 0 ? null : rounded(Math.min(...gaps)),
    calls: calls.length,
    seconds_per_node: rounded(seconds / nodes),
  };
}

/** What `nodes` would take one after another, as measured on fewer. */
function comparison(measured: readonly Measured[], rate: number | null) {
  const of = (mode: Case['mode']) =>
    measured.find((one) => one.mode === mode && one.ratePerSecond === rate) as Measured;
  const [concurrent, sequential] = [of('concurrent'), of('sequential')];
  const scaled = (sequential.seconds / sequential.nodes) * concurrent.nodes;
  return {
    rate_per_s: rate,
    nodes: concurrent.nodes,
    concurrent_s: rounded(concurrent.seconds),
    sequential_s: rounded(scaled),
    sequential_measured_nodes: sequential.nodes,
    times_faster: rounded(scaled / concurrent.seconds),
  };
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}

function wordsOf(rows: readonly ProvisionRow[], nodes: number): string {
  const columns: Column[] = [
    { key: 'mode' },
    { key: 'nodes', digits: 0 },
    { key: 'latency_s', digits: 1 },
    { key: 'rate_per_s', digits: 1 },
    { key: 'seconds', digits: 2 },
    { key: 'limit_seconds', digits: 2 },
    { key: 'last_sent_s', digits: 2 },
    { key: 'last_sent_limit_s', digits: 2 },
    { key: 'gap_min_ms', digits: 1 },
    { key: 'calls', digits: 0 },
    { key: 'seconds_per_node', digits: 3 },
  ];
  const few = rows.find((row) => row.mode === 'sequential' && row.nodes < nodes);
  const note = few ? `\n\none after another is measured with ${few.nodes} nodes: the time grows with their number` : '';
  return `${table(rows, columns)}${note}`;
}
