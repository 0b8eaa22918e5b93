import { integerOption } from '@forescale/cli/output';
import {
  CLUSTER_TRAIN_OPTIONS,
  type ClusterModel,
  cellsOf,
  OnlineForecaster,
  TRAIN_OPTIONS,
  type TrainingSeries,
} from '@forescale/predictor/model';
import { networks, selectBackend } from '@forescale/predictor/tensor';
import {
  createTrainer,
  MODEL_WORKER_URL,
  type ModelTrainer,
  trainClusterIn,
  trainModelIn,
} from '@forescale/predictor/training';
import { PLAIN_CALENDAR, type Series } from '@forescale/shared/domain';
import { seededRandom } from '@forescale/shared/time';
import { generateLoad } from '@forescale/simulator/workload';
import { type Flags, type Row, type RunBenchmark, type Stage, textFlag } from './benchmark.ts';
import { table } from './table.ts';

const STEP_MS = 300_000;
const DAY_MS = 86_400_000;
/** A Monday. */
const startMs = Date.UTC(2026, 0, 5);
/** A forecast of an hour in 5-min steps, and the two cells more that a network answers for. */
const STEPS = 12;
const HORIZON = STEPS + 2;
/** Forecasters that serve are fed so much: their speed does not depend on what they have forgotten again. */
const SERVED_DAYS = 2;
const FINE_TUNED = 10;
const LIMITS = { clusterSeconds: 900, clusterRssMb: 2_048, serveSeconds: 1 } as const;

/** What it costs to train and to serve many series: the network of all, some of their own, and a forecast for each. */
export const run: RunBenchmark = async (flags, stage) => {
  const { count, days } = sizeOf(flags);
  const { name: backend } = await selectBackend();
  const series = Array.from({ length: count }, (_, index) => loadOf(index, days));
  const trainer: ModelTrainer = createTrainer({
    workerUrl: MODEL_WORKER_URL,
    timeoutMs: 4 * LIMITS.clusterSeconds * 1_000,
    heapMibMax: 1_024,
    workersMax: 1,
  });
  const rows: Row[] = [];
  const { model, row } = await trainAll(series.map(learned), trainer, stage);
  rows.push({ ...row, days, backend });
  if (!model) return { rows, summary: [], words: 'too little to learn from' };
  rows.push({ ...(await fineTune(series.slice(0, FINE_TUNED).map(learned), model, trainer)), days, backend });
  for (const served of serve(series, model, stage)) rows.push({ ...served, days, backend });
  return { rows, summary: [], words: table(rows, COLUMNS) };
};

const COLUMNS = [
  { key: 'what' },
  { key: 'series', digits: 0 },
  { key: 'seconds', digits: 2 },
  { key: 'limit_seconds', digits: 0 },
  { key: 'peak_rss_mb', digits: 0 },
  { key: 'limit_rss_mb', digits: 0 },
] as const;

function sizeOf(flags: Flags) {
  return {
    count: integerOption('--series', textFlag(flags, 'series') ?? '1000', 1, 10_000),
    days: integerOption('--days', textFlag(flags, 'days') ?? '14', 3, 28),
  };
}

/** Loads of many kinds, the same on every machine. */
function loadOf(index: number, days: number): Series {
  const random = seededRandom(1_000 + index);
  return generateLoad({
    seed: index,
    startMs,
    days,
    stepMs: STEP_MS,
    base: 10 ** (4 * random.next()),
    dailyAmplitude: 0.8 * random.next(),
    weekendFactor: 0.4 + random.next(),
    noiseShare: 0.01 + 0.15 * random.next(),
    burstsPerDay: 6 * random.next(),
    trendPerWeek: 0.2 * (random.next() - 0.5),
  });
}

function learned(load: Series): TrainingSeries {
  return { cells: cellsOf(load, STEP_MS), horizon: HORIZON, calendar: PLAIN_CALENDAR };
}

async function trainAll(series: readonly TrainingSeries[], trainer: ModelTrainer, stage: Stage) {
  const startedMs = performance.now();
  const job = { kind: 'cluster', series, warmStart: null, options: CLUSTER_TRAIN_OPTIONS } as const;
  const model = await trainClusterIn(trainer, job, { signal: stage.signal, onProgress: stage.progress });
  const row = {
    what: 'train one network for all',
    series: series.length,
    rows: model?.rows ?? 0,
    ...secondsSince(startedMs, LIMITS.clusterSeconds),
    peak_rss_mb: peakRssMb(),
    limit_rss_mb: LIMITS.clusterRssMb,
  };
  return { model, row };
}

/** One after the other, each starting from the network of all. */
async function fineTune(series: readonly TrainingSeries[], model: ClusterModel, trainer: ModelTrainer): Promise<Row> {
  const startedMs = performance.now();
  for (const one of series) {
    await trainModelIn(trainer, { kind: 'series', ...one, starts: [model], options: TRAIN_OPTIONS });
  }
  return { what: 'fine-tune', series: series.length, ...secondsSince(startedMs, null), ...UNLIMITED_MEMORY };
}

/** A forecast for every series from trained models, as at a tick; and the whole tick, with its new sample learned. */
function* serve(series: readonly Series[], model: ClusterModel, stage: Stage): Generator<Row> {
  const forecasters = series.map(({ timesMs, values }, i) => {
    const forecaster = new OnlineForecaster({ rawStepMs: STEP_MS, steps: STEPS });
    const { stepMs, horizon, network, unseenFromCell } = model;
    const own = { format: 'forescale-model-1', stepMs, horizon, logOffset: 1, network, unseenFromCell } as const;
    forecaster.importModel(own, networks.load);
    for (let at = timesMs.length - (SERVED_DAYS * DAY_MS) / STEP_MS; at < timesMs.length; at++) {
      forecaster.observe(timesMs[at] as number, values[at] as number);
    }
    stage.progress(i + 1, series.length);
    return forecaster;
  });
  const nowMs = series[0]?.timesMs.at(-1) as number;
  const forecastAll = (atMs: number) => {
    for (const forecaster of forecasters) forecaster.forecast(atMs);
  };
  forecastAll(nowMs);
  const forecastedMs = performance.now();
  forecastAll(nowMs);
  const count = forecasters.length;
  yield { what: 'forecast', series: count, ...secondsSince(forecastedMs, LIMITS.serveSeconds), ...UNLIMITED_MEMORY };
  const tickedMs = performance.now();
  for (const [i, forecaster] of forecasters.entries()) {
    forecaster.observe(nowMs + STEP_MS, series[i]?.values.at(-1) as number);
  }
  forecastAll(nowMs + STEP_MS);
  const row = { what: 'learn a sample and forecast', series: count, ...secondsSince(tickedMs, null) };
  yield { ...row, peak_rss_mb: peakRssMb(), limit_rss_mb: null };
}

const UNLIMITED_MEMORY = { peak_rss_mb: null, limit_rss_mb: null } as const;

function secondsSince(startedMs: number, limitSeconds: number | null) {
  return { seconds: (performance.now() - startedMs) / 1_000, limit_seconds: limitSeconds };
}

/** Of the whole process, workers included, since it began. */
function peakRssMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1_024);
}
