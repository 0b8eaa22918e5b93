import { createHash } from 'node:crypto';
import { type Bus, BusUnavailableError } from '@forescale/shared/bus';
import type { Config } from '@forescale/shared/config';
import { type ClusterKey, type ModelKey, modelName, type SeriesKey } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import type { Log } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { encodeModelNotice, subjects, type TrainingRequest } from '@forescale/shared/wire';
import { allSeries, readHistory, type SeriesConfig } from '../history/index.ts';
import { CLUSTER_TRAIN_OPTIONS, type ClusterModel } from '../model/cluster-model.ts';
import { type NetworkStart, TRAIN_OPTIONS, type TrainedModel } from '../model/trained-model.ts';
import type { TrainingSeries } from '../model/training-series.ts';
import type { ClusterJob, ModelJob } from './model-job.ts';
import type { ModelOf, ModelStore, SavedModel } from './model-store.ts';
import type { JobOptions } from './trainer.ts';
import type { RunTraining } from './training-queue.ts';
import { isUsable } from './usable-network.ts';

/** Beyond its budget, for starting, building the rows and sending the model back; then the worker is ended. */
const GRACE_MS = 60_000;
/** To build the rows of many series takes longer than that; so much for each cell does on a busy machine too. */
const ROWS_MS_PER_CELL = 1;
/** The network of all series may take so many times the budget of one. */
const CLUSTER_BUDGETS = 10;
/** Series that the network of all is trained on; of more, others each time. 28 days in cells of 5 min are 130 kB. */
const CLUSTER_SERIES_MAX = 500;
/** A series with less than a day of 5-min cells shows no shape. */
const CLUSTER_CELLS_MIN = 288;

type InWorker = Omit<JobOptions, 'transfer'>;

export interface TrainingParts {
  readonly config: Config;
  readonly store: Store;
  readonly models: ModelStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  /** Both train elsewhere than in the thread that answers. */
  readonly trainSeries: (job: ModelJob, options: InWorker) => Promise<TrainedModel>;
  readonly trainCluster: (job: ClusterJob, options: InWorker) => Promise<ClusterModel | null>;
}

/**
 * Does a training as it comes from the queue, whoever asked for it: reads the history from the store, trains from the
 * last model, saves the new one and tells whoever forecasts with it. Done twice it does no harm: a request that a
 * newer model has answered is left.
 */
export function createTraining(parts: TrainingParts): RunTraining {
  return async (request, signal) => {
    const { key, requestedMs } = request;
    if (isAnswered(request, await parts.models.newest(key))) return;
    const done =
      key.kind === 'series' ? trainSeries(parts, key, signal) : trainCluster(parts, key, requestedMs, signal);
    const trained = await done;
    if (trained) await save(parts, request, trained.model, trained.cells);
  };
}

function isAnswered({ knownVersion, requestedMs }: TrainingRequest, newest: SavedModel | null): boolean {
  if (newest === null) return false;
  return knownVersion === null ? newest.savedMs >= requestedMs : newest.version > knownVersion;
}

interface Trained {
  readonly model: ModelOf<ModelKey>;
  readonly cells: number;
}

async function trainSeries(parts: TrainingParts, key: SeriesKey, signal: AbortSignal): Promise<Trained | null> {
  const { config, store, models, clock, log } = parts;
  const series = allSeries(config).find(({ pool, signal: { name } }) => pool.name === key.pool && name === key.signal);
  if (!series) {
    log.warn({ model: modelName(key) }, 'training of a signal that is not configured here: left');
    return null;
  }
  const { horizon, stepMs } = series.shape;
  const known = await readHistory(store, series, clock.nowMs());
  const { length } = known.cells.means;
  if (length === 0) return null;
  const own = (await models.load(key)).registered?.model;
  const shared = (await models.load({ kind: 'cluster', stepMs, horizon })).registered?.model;
  const fitting: NetworkStart[] = own?.stepMs === stepMs && own.horizon === horizon ? [own] : [];
  const starts = [...fitting, ...(shared ? [shared] : [])].filter(
    ({ network }) => network !== null && isUsable(network, horizon),
  );
  const { trainBudgetMs } = series.pool.forecast;
  const options = { ...TRAIN_OPTIONS, budgetMs: budgetOf(config, trainBudgetMs) };
  const job: ModelJob = { kind: 'series', ...known, starts, options };
  const model = await parts.trainSeries(job, { signal, timeoutMs: trainBudgetMs + GRACE_MS });
  return { model, cells: length };
}

async function trainCluster(
  parts: TrainingParts,
  key: ClusterKey,
  requestedMs: number,
  signal: AbortSignal,
): Promise<Trained | null> {
  const { config, store, models, clock } = parts;
  const { horizon } = key;
  const alike = allSeries(config).filter(({ shape }) => shape.stepMs === key.stepMs && shape.horizon === horizon);
  const histories: TrainingSeries[] = [];
  for (const series of sampled(alike, requestedMs)) {
    signal.throwIfAborted();
    const known = await readHistory(store, series, clock.nowMs());
    if (known.cells.means.length >= CLUSTER_CELLS_MIN) histories.push(known);
  }
  if (histories.length === 0) return null;
  const warmStart = (await models.load(key)).registered?.model ?? null;
  const trainBudgetMs = CLUSTER_BUDGETS * Math.max(...alike.map(({ pool }) => pool.forecast.trainBudgetMs));
  const options = { ...CLUSTER_TRAIN_OPTIONS, budgetMs: budgetOf(config, trainBudgetMs) };
  const job: ClusterJob = { kind: 'cluster', series: histories, warmStart, options };
  const cells = histories.reduce((sum, one) => sum + one.cells.means.length, 0);
  const graceMs = Math.max(GRACE_MS, ROWS_MS_PER_CELL * cells);
  const model = await parts.trainCluster(job, { signal, timeoutMs: trainBudgetMs + graceMs });
  return model && { model, cells };
}

/** A budget in seconds makes a run depend on the machine; a simulation is to be repeatable. */
function budgetOf(config: Config, trainBudgetMs: number): number | null {
  return config.clock.source === 'bus' ? null : trainBudgetMs;
}

/** At most `CLUSTER_SERIES_MAX`, chosen anew for each training, the same ones for the same. */
function sampled(series: readonly SeriesConfig[], requestedMs: number): readonly SeriesConfig[] {
  if (series.length <= CLUSTER_SERIES_MAX) return series;
  const lot = ({ key }: SeriesConfig) =>
    createHash('sha256')
      .update(`${modelName(key)} ${requestedMs}`)
      .digest('hex');
  const drawn = series.map((one) => ({ one, lot: lot(one) })).sort((a, b) => (a.lot < b.lot ? -1 : 1));
  return drawn.slice(0, CLUSTER_SERIES_MAX).map(({ one }) => one);
}

async function save(
  { models, bus, clock, log }: TrainingParts,
  { key, reason }: TrainingRequest,
  model: ModelOf<ModelKey>,
  cells: number,
): Promise<void> {
  const savedMs = clock.nowMs();
  const version = await models.save(key, model, { savedMs, cells });
  log.info({ model: modelName(key), version, reason, cells, network: model.network !== null }, 'model trained');
  try {
    await bus.publish(subjects.model(key), encodeModelNotice({ key, version, savedMs }));
  } catch (error) {
    // The owner also looks by itself.
    if (!(error instanceof BusUnavailableError)) throw error;
  }
}
