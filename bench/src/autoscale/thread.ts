import { workerData } from 'node:worker_threads';
import { writeOutput } from '@forescale/cli/output';
import { createReplayForecaster } from '@forescale/cli/runtime';
import { selectBackend } from '@forescale/predictor/tensor';
import { timelineCsv } from '@forescale/simulator/replay';
import { serve } from '../threads/serve.ts';
import { ForecastTable, recorded, recording } from './forecast-table.ts';
import type { Job, Result, ThreadData } from './jobs.ts';
import { type Load, loadOf, poolOf, replayRun, STEP_MS } from './replay-run.ts';
import { UNNEEDED_MINUTES } from './runs.ts';

const loads = new Map(
  (workerData as ThreadData).traces.map(({ name, timesMs, values }) => [name, loadOf(name, { timesMs, values })]),
);
/** Of the trace at hand; runs come trace by trace, and the forecasts of one fill enough memory. */
let table: { readonly trace: string; readonly forecasts: ForecastTable } | null = null;

serve<Job, Result>((job, onShare) =>
  job.kind === 'forecast' ? makeForecasts(loadNamed(job.trace), onShare) : replayOnce(job),
);

async function makeForecasts(load: Load, onShare: (share: number) => void): Promise<Result> {
  const run = {
    trace: load.name,
    bootSeconds: 180,
    policy: 'forescale',
    knob: 'shortage_cost_ratio',
    setting: 19,
    // The longest there is: it warms up longest, and so asks for the forecasts of all others.
    unneededMinutes: Math.max(...UNNEEDED_MINUTES),
  } as const;
  const pool = poolOf(load, run);
  const { name: backend } = await selectBackend(pool.forecast.backend);
  const [signal] = pool.signals;
  if (!signal) throw new Error('the pool of the benchmark has no signal');
  const forecasts = ForecastTable.empty(firstMs(load), STEP_MS, load.demand.values.length - firstStep(load));
  const forecaster = recording(createReplayForecaster(pool, signal, backend, 1), forecasts);
  const { summary } = await replayRun(load, run, forecaster, (done, of, what) => {
    if (what === 'replay') onShare(done / of);
  });
  return { kind: 'forecast', forecasts: forecasts.buffer, trainSeconds: summary.train_seconds };
}

async function replayOnce({ run, forecasts, timeline }: Extract<Job, { kind: 'replay' }>): Promise<Result> {
  const load = loadNamed(run.trace);
  const forecaster = forecasts === null ? null : recorded(tableOf(load, forecasts));
  const result = await replayRun(load, run, forecaster);
  if (timeline !== null) await writeOutput('--timelines', timeline, timelineCsv(result.timeline));
  const { summary } = result;
  return {
    kind: 'replay',
    unmetDemandShare: summary.unmet_demand_share,
    shortageTimeShare: summary.shortage_time_share,
    nodeSteps: summary.node_steps,
    costRatio: summary.cost_ratio,
    nodesCreated: summary.nodes_created,
  };
}

function tableOf(load: Load, buffer: SharedArrayBuffer): ForecastTable {
  if (table?.trace !== load.name) {
    table = { trace: load.name, forecasts: new ForecastTable(firstMs(load), STEP_MS, buffer) };
  }
  return table.forecasts;
}

/** Before this no run has begun: they warm up for 3 h and twice the unneeded time. */
function firstStep({ scoredFrom }: Load): number {
  return Math.max(0, scoredFrom - 180 - 2 * Math.max(...UNNEEDED_MINUTES));
}

function firstMs(load: Load): number {
  return load.demand.startMs + firstStep(load) * STEP_MS;
}

function loadNamed(name: string): Load {
  const load = loads.get(name);
  if (!load) throw new Error(`no trace ${name}`);
  return load;
}
