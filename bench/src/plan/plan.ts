import { fork } from 'node:child_process';
import { once } from 'node:events';
import { integerOption } from '@forescale/cli/output';
import { quantileSorted } from 'simple-statistics';
import { type Row, type RunBenchmark, textFlag } from '../benchmark.ts';
import { type Column, table } from '../table.ts';
import type { PlanTask, PlanTimes } from './measure-process.ts';
import { countsOf, SITUATIONS } from './situation.ts';

const NODES_MAX = 50_000;

/** How long one plan takes, and what memory, for clusters of several sizes; how that grows from size to size. */
export const run: RunBenchmark = async (flags, stage) => {
  const sizes = (textFlag(flags, 'nodes') ?? '100,1000,5000')
    .split(',')
    .map((text) => integerOption('--nodes', text, 1, NODES_MAX));
  const repeats = integerOption('--repeats', textFlag(flags, 'repeats') ?? '100', 1, 100_000);
  const rows: PlanRow[] = [];
  for (const [index, nodes] of sizes.entries()) {
    const times: PlanTimes[] = [];
    for (const [which, situation] of SITUATIONS.entries()) {
      stage.progress(index * SITUATIONS.length + which, sizes.length * SITUATIONS.length);
      times.push(await measured({ nodes, situation, repeats }, stage.signal));
    }
    rows.push(rowOf(nodes, times));
  }
  const summary = growthOf(rows);
  return { rows, summary, words: wordsOf(rows, summary) };
};

async function measured(task: PlanTask, signal: AbortSignal): Promise<PlanTimes> {
  const child = fork(new URL('./measure-process.ts', import.meta.url), { signal });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${task.nodes} nodes: the measuring process ended with ${code}`)));
  });
  child.send(task);
  const [times] = await Promise.race([once(child, 'message'), ended]);
  return times as PlanTimes;
}

type PlanRow = ReturnType<typeof rowOf>;

/** `times` in the order of `SITUATIONS`. The 0.99 quantiles of each situation stand beside that of all together. */
function rowOf(nodes: number, times: readonly PlanTimes[]) {
  const wall = times.flatMap((one) => one.wallMs);
  const cpu = times.flatMap((one) => one.cpuMs);
  const bySituation = SITUATIONS.map((name, index) => [`${name}_p99_ms`, at(times[index]?.wallMs ?? [], 0.99)]);
  return {
    ...countsOf(nodes),
    p50_ms: at(wall, 0.5),
    p99_ms: at(wall, 0.99),
    rss_mb: Math.max(...times.map((one) => one.rssMb)),
    first_ms: Math.max(...times.map((one) => one.firstMs)),
    ...(Object.fromEntries(bySituation) as Record<string, number>),
    cpu_p50_ms: at(cpu, 0.5),
    cpu_p99_ms: at(cpu, 0.99),
    plans: wall.length,
  };
}

function at(values: readonly number[], level: number): number {
  return Number(quantileSorted([...Float64Array.from(values).sort()], level).toFixed(3));
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
  const counts = ['nodes', 'pods', 'pending', 'offerings', 'rss_mb', 'plans'];
  const times = ['p50', 'p99', 'first', ...SITUATIONS.map((name) => `${name}_p99`), 'cpu_p50', 'cpu_p99'];
  const columns: Column[] = [
    ...counts.map((key) => ({ key, digits: 0 })),
    ...times.map((name) => ({ key: `${name}_ms`, digits: 1 })),
  ];
  const growth: Column[] = [
    { key: 'from_nodes', digits: 0 },
    { key: 'to_nodes', digits: 0 },
    { key: 'exponent', digits: 2 },
  ];
  return `${table(rows, columns)}\n\n${table(summary, growth)}`;
}
