import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@forescale/cli/output';
import { usualStepMs } from '@forescale/predictor/model';
import { parseDurationMs } from '@forescale/shared/time';
import { type Flags, listFlag, type RunBenchmark, type Stage, textFlag } from '../benchmark.ts';
import { tracesOf } from '../forecast/traces.ts';
import { checkWritable, RESULTS } from '../outputs.ts';
import { writeSvg } from '../svg.ts';
import { startThreads, type ThreadJob, type Threads } from '../threads/threads.ts';
import type { Job, Result, ThreadData } from './jobs.ts';
import { bestOf, type Scored } from './levels.ts';
import { pictureOf } from './picture.ts';
import { type Load, loadOf, STEP_MS } from './replay-run.ts';
import { meansOf, rowOf, summaryRow, wordsOf } from './report.ts';
import { type Run, runsOf, timelineName } from './runs.ts';

/** Forecasting a minute of a trace, daily training included, takes about as long as replaying so many. */
const FORECAST_WEIGHT = 30;
const BOOT_SECONDS_MAX = 3_600;

/** Unmet demand against cost: every policy at every setting, on every trace and boot, in one run. */
export const run: RunBenchmark = async (flags, stage) => {
  const boots = bootsOf(textFlag(flags, 'boot') ?? '180s,600s');
  const picture = textFlag(flags, 'picture') ?? join(RESULTS, 'autoscale.svg');
  await checkWritable('--picture', picture);
  const timelines = await timelinesFolder(flags);
  const loads = await loadsOf(listFlag(flags, 'trace'));
  const threads = startThreads<Job, Result>(
    availableParallelism(),
    new URL('./thread.ts', import.meta.url),
    threadData(loads),
    stage.signal,
  );
  try {
    const sweep = await sweepAll(threads, loads, boots, stage);
    const bests = loads.flatMap((load) =>
      boots.flatMap((bootSeconds) => {
        const own = sweep.scored.filter((one) => one.trace === load.name && one.bootSeconds === bootSeconds);
        return bestOf(load, own);
      }),
    );
    const kept = new Set(bests.flatMap(({ run: best }) => best ?? []));
    if (timelines !== null) await writeTimelines(threads, kept, sweep, timelines, stage);
    await writeSvg('--picture', picture, pictureOf(sweep.scored));
    stage.say(`picture: ${picture}`);
    const means = meansOf(bests);
    const fileOf = (one: Scored) => (timelines !== null && kept.has(one) ? join(timelines, timelineName(one)) : null);
    return {
      rows: sweep.scored.map((one) => rowOf(one, fileOf(one))),
      summary: [...means.map((mean) => ({ ...mean })), ...bests.map(summaryRow)],
      words: wordsOf(bests, means),
    };
  } finally {
    await threads.close();
  }
};

/** The traces given; else the generated ones whose samples come as often as the policies decide. */
async function loadsOf(paths: readonly string[]): Promise<Load[]> {
  const traces = await tracesOf(paths);
  const chosen = paths.length > 0 ? traces : traces.filter(({ series }) => usualStepMs(series) <= STEP_MS);
  return chosen.map(({ name, series }) => loadOf(name, series));
}

function bootsOf(text: string): number[] {
  const boots = text.split(',').map((part) => {
    const ms = parseDurationMs(part.trim());
    if (ms === null || ms < 1_000 || ms > BOOT_SECONDS_MAX * 1_000 || ms % 1_000 !== 0) {
      throw new UsageError(`--boot = ${JSON.stringify(text)}; allowed: durations from 1s to 1h, such as "180s,600s"`);
    }
    return ms / 1_000;
  });
  return [...new Set(boots)];
}

async function timelinesFolder(flags: Flags): Promise<string | null> {
  const folder = textFlag(flags, 'timelines');
  if (folder === undefined) return null;
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`--timelines = ${folder}: cannot be made: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
  return folder;
}

/** Copied once into memory that all threads see. */
function threadData(loads: readonly Load[]): ThreadData {
  const shared = (values: Float64Array) => {
    const copy = new Float64Array(new SharedArrayBuffer(values.byteLength));
    copy.set(values);
    return copy;
  };
  return {
    traces: loads.map(({ name, series }) => ({
      name,
      timesMs: shared(series.timesMs),
      values: shared(series.values),
    })),
  };
}

interface Sweep {
  readonly scored: readonly Scored[];
  readonly forecasts: ReadonlyMap<string, SharedArrayBuffer>;
}

/** Forecasts first, the longest trace before all; meanwhile what needs none, and each trace's rest once it has them. */
async function sweepAll(
  threads: Threads<Job, Result>,
  loads: readonly Load[],
  boots: readonly number[],
  stage: Stage,
): Promise<Sweep> {
  const steps = new Map(loads.map(({ name, demand, scoredFrom }) => [name, demand.values.length - scoredFrom]));
  const forecasts = new Map<string, SharedArrayBuffer>();
  const scored = new Map<Run, Scored>();
  const jobs: ThreadJob<Job, Result>[] = loads
    .toSorted((a, b) => b.demand.values.length - a.demand.values.length)
    .map(({ name }) => ({
      job: { kind: 'forecast', trace: name },
      weight: FORECAST_WEIGHT * (steps.get(name) ?? 0),
      onResult(result) {
        if (result.kind === 'forecast') forecasts.set(name, result.forecasts);
      },
    }));
  const runs = runsOf(
    loads.map(({ name }) => name),
    boots,
  );
  for (const one of runs) {
    const { trace, policy } = one;
    const needs = policy === 'forescale';
    jobs.push({
      get job(): Job {
        return { kind: 'replay', run: one, forecasts: needs ? (forecasts.get(trace) ?? null) : null, timeline: null };
      },
      weight: steps.get(trace) ?? 0,
      isReady: () => !needs || forecasts.has(trace),
      onResult(result) {
        if (result.kind === 'replay') scored.set(one, scoredOf(one, result));
      },
    });
  }
  await threads.run(jobs, stage.progress);
  return { scored: runs.flatMap((one) => scored.get(one) ?? []), forecasts };
}

function scoredOf(one: Run, { kind: _, ...result }: Extract<Result, { kind: 'replay' }>): Scored {
  return { ...one, ...result };
}

/** Replays once more what the table is made from, and writes it down. */
async function writeTimelines(
  threads: Threads<Job, Result>,
  kept: Iterable<Scored>,
  { forecasts }: Sweep,
  folder: string,
  stage: Stage,
): Promise<void> {
  stage.say(`timelines of the best settings: ${folder}`);
  const jobs = [...kept].map(
    (run): ThreadJob<Job, Result> => ({
      job: {
        kind: 'replay',
        run,
        forecasts: run.policy === 'forescale' ? (forecasts.get(run.trace) ?? null) : null,
        timeline: join(folder, timelineName(run)),
      },
      weight: 1,
      onResult() {},
    }),
  );
  await threads.run(jobs, stage.progress);
}
