import { fork } from 'node:child_process';
import { once } from 'node:events';
import { integerOption } from '@forescale/cli/output';
import { type Row, type RunBenchmark, textFlag } from '../benchmark.ts';
import { table } from '../table.ts';
import type { PlanRow, PlanTask } from './measure-process.ts';

const NODES_MAX = 50_000;

/** How long one plan takes, and what memory, for clusters of several sizes; how that grows from size to size. */
export const run: RunBenchmark = async (flags, stage) => {
  const sizes = (textFlag(flags, 'nodes') ?? '100,1000,5000')
    .split(',')
    .map((text) => integerOption('--nodes', text, 1, NODES_MAX));
  const repeats = integerOption('--repeats', textFlag(flags, 'repeats') ?? '100', 1, 100_000);
  const rows: PlanRow[] = [];
  for (const [index, nodes] of sizes.entries()) {
    stage.progress(index, sizes.length);
    rows.push(await measured({ nodes, repeats }, stage.signal));
  }
  const summary = growthOf(rows);
  return { rows, summary, words: wordsOf(rows, summary) };
};

async function measured(task: PlanTask, signal: AbortSignal): Promise<PlanRow> {
  const child = fork(new URL('./measure-process.ts', import.meta.url), { signal });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${task.nodes} nodes: the measuring process ended with ${code}`)));
  });
  child.send(task);
  const [row] = await Promise.race([once(child, 'message'), ended]);
  return row as PlanRow;
}

/** `exponent`: 1 where twice the nodes take twice the time. */
function growthOf(rows: readonly PlanRow[]): Row[] {
  const sorted = rows.toSorted((a, b) => a.nodes - b.nodes);
  return sorted.slice(1).map((to, index) => {
    const from = sorted[index] as PlanRow;
    const exponent = Math.log(to.p50_ms / from.p50_ms) / Math.log(to.nodes / from.nodes);
    return { from_nodes: from.nodes, to_nodes: to.nodes, exponent: Number(exponent.toFixed(2)) };
  });
}

function wordsOf(rows: readonly PlanRow[], summary: readonly Row[]): string {
  const counts = ['nodes', 'pods', 'pending', 'offerings', 'rss_mb', 'plans'].map((key) => ({ key, digits: 0 }));
  const times = ['p50', 'p99', 'first', 'grow_p99', 'calm_p99', 'shrink_p99', 'cpu_p50', 'cpu_p99'].map((name) => ({
    key: `${name}_ms`,
    digits: 1,
  }));
  const growth = [
    { key: 'from_nodes', digits: 0 },
    { key: 'to_nodes', digits: 0 },
    { key: 'exponent', digits: 2 },
  ];
  return `${table(rows, [...counts, ...times])}\n\n${table(summary, growth)}`;
}
