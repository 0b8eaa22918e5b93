import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { integerOption, numberOption, UsageError } from '@forescale/cli/output';
import { POLICY_NAMES } from '@forescale/simulator/replay';
import { SHAPE_NAMES, type ShapeName } from '@forescale/simulator/workload';
import { listFlag, type Row, type RunBenchmark, textFlag } from '../benchmark.ts';
import { checkWritable, RESULTS } from '../outputs.ts';
import { writeSvg } from '../svg.ts';
import { table } from '../table.ts';
import { startThreads } from '../threads/threads.ts';
import type { Trial, TrialAnswer } from './jobs.ts';
import { pictureOf } from './picture.ts';

const HOURS = '12';

/** Every policy on every shape of load, through whole simulated clusters: pods, scheduler, budgets, drains. */
export const run: RunBenchmark = async (flags, stage) => {
  const hours = numberOption('--hours', textFlag(flags, 'hours') ?? HOURS, 0.5, 7 * 24);
  const seed = integerOption('--seed', textFlag(flags, 'seed') ?? '1', 0, 2 ** 31 - 1);
  const picture = textFlag(flags, 'picture') ?? join(RESULTS, 'workloads.svg');
  await checkWritable('--picture', picture);
  const trials = shapesOf(listFlag(flags, 'shape')).flatMap((shape) =>
    POLICY_NAMES.flatMap((policy): Trial[] => (policy === 'oracle' ? [] : [{ shape, policy, hours, seed }])),
  );
  const threads = startThreads<Trial, TrialAnswer>(
    availableParallelism(),
    new URL('./thread.ts', import.meta.url),
    null,
    stage.signal,
  );
  const answers = new Map<Trial, TrialAnswer>();
  try {
    const jobs = trials.map((job) => ({
      job,
      weight: job.policy === 'forescale' ? 2 : 1,
      onResult: (result: TrialAnswer) => answers.set(job, result),
    }));
    await threads.run(jobs, stage.progress);
  } finally {
    await threads.close();
  }
  const results = trials.flatMap((trial) => answers.get(trial) ?? []);
  await writeSvg('--picture', picture, pictureOf(results));
  stage.say(`picture: ${picture}`);
  return { rows: results.map(rowOf), summary: [], words: wordsOf(results, hours) };
};

function shapesOf(names: readonly string[]): readonly ShapeName[] {
  if (names.length === 0) return SHAPE_NAMES;
  return names.map((name) => {
    const shape = SHAPE_NAMES.find((known) => known === name);
    if (shape) return shape;
    throw new UsageError(`--shape = ${JSON.stringify(name)}; allowed: ${SHAPE_NAMES.join(', ')}`);
  });
}

function rowOf(result: TrialAnswer): Row {
  return {
    shape: result.shape,
    policy: result.policy,
    hours: result.hours,
    seed: result.seed,
    unmet_demand_share: result.unmetDemandShare,
    shortage_time_share: result.shortageTimeShare,
    pending_pod_minutes: result.pendingPodMinutes,
    usd: result.usd,
    machine_hours: result.machineHours,
    nodes_created: result.nodesCreated,
  };
}

function wordsOf(results: readonly TrialAnswer[], hours: number): string {
  const rows = results.map((result) => ({
    shape: result.shape,
    policy: result.policy,
    unmet: 100 * result.unmetDemandShare,
    pending: result.pendingPodMinutes,
    usd: result.usd,
    created: result.nodesCreated,
  }));
  return [
    `${hours} hours of each shape after a week of history, every policy at its default settings`,
    table(rows, [
      { key: 'shape' },
      { key: 'policy' },
      { key: 'unmet', title: 'unmet %', digits: 3 },
      { key: 'pending', title: 'pending pod minutes', digits: 0 },
      { key: 'usd', title: 'USD', digits: 2 },
      { key: 'created', title: 'nodes created', digits: 0 },
    ]),
  ].join('\n');
}
