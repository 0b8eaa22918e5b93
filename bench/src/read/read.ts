import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { integerOption, UsageError } from '@forescale/cli/output';
import { quantileSorted } from 'simple-statistics';
import { type RunBenchmark, textFlag } from '../benchmark.ts';
import { table } from '../table.ts';
import type { Sizes } from './api-process.ts';
import type { ReadTask, ReadTimes } from './measure-process.ts';

const PODS_PER_NODE = 30;
/** In a minute every fifth node reports its status, and one pod in thirty changes. */
const NODES_PER_CHANGE = 5;
const PODS_PER_CHANGE = 30;

const MODES: readonly ReadTask['mode'][] = ['list', 'watch'];

/** What it costs to know the cluster, tick by tick: everything listed, or what changes watched. */
export const run: RunBenchmark = async (flags, stage) => {
  const sizes = (textFlag(flags, 'nodes') ?? '100,1000,5000')
    .split(',')
    .map((text) => integerOption('--nodes', text, 1, 20_000));
  const ticks = integerOption('--ticks', textFlag(flags, 'ticks') ?? '5', 1, 1_000);
  const modes = modesOf(textFlag(flags, 'mode'));
  const rows = [];
  for (const [index, nodes] of sizes.entries()) {
    for (const [which, mode] of modes.entries()) {
      stage.progress(index * modes.length + which, sizes.length * modes.length);
      const pods = nodes * PODS_PER_NODE;
      const times = await measured(mode, { nodes, pods }, ticks, stage.signal);
      rows.push({
        mode,
        nodes,
        pods,
        cpu_ms: median(times.cpuMs),
        wall_ms: median(times.wallMs),
        first_ms: Math.round(times.firstMs),
        rss_mb: times.rssMb,
      });
    }
  }
  const columns = ['mode', 'nodes', 'pods', 'cpu_ms', 'wall_ms', 'first_ms', 'rss_mb'];
  return {
    rows,
    summary: [],
    words: table(
      rows,
      columns.map((key) => ({ key, digits: 0 })),
    ),
  };
};

function modesOf(text: string | undefined): readonly ReadTask['mode'][] {
  const modes = MODES.filter((mode) => mode === (text ?? mode));
  if (modes.length > 0) return modes;
  throw new UsageError(`--mode = ${JSON.stringify(text)}; allowed: ${MODES.join(', ')}`);
}

function median(values: readonly number[]): number {
  return Math.round(quantileSorted([...Float64Array.from(values).sort()], 0.5));
}

async function measured(mode: ReadTask['mode'], sizes: Sizes, ticks: number, signal: AbortSignal): Promise<ReadTimes> {
  const server = fork(new URL('./api-process.ts', import.meta.url), { signal });
  const child = fork(new URL('./measure-process.ts', import.meta.url), { signal });
  try {
    server.send(sizes);
    const url = (await nextMessage(server)) as string;
    child.send({ mode, url, ticks } satisfies ReadTask);
    for (;;) {
      const message = await nextMessage(child);
      if (message !== 'minute') return message as ReadTimes;
      server.send({
        nodes: Math.ceil(sizes.nodes / NODES_PER_CHANGE),
        pods: Math.ceil(sizes.pods / PODS_PER_CHANGE),
      } satisfies Sizes);
      await nextMessage(server);
      child.send('changed');
    }
  } finally {
    server.disconnect();
  }
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`a measuring process ended with ${code}`)));
  });
  ended.catch(() => undefined);
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message;
}
