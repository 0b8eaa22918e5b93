import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bus, Subscription } from '@forescale/shared/bus';
import type { Config } from '@forescale/shared/config';
import { type ModelKey, modelName } from '@forescale/shared/domain';
import { type Readiness, SampleTraces } from '@forescale/shared/service';
import type { Health, Store } from '@forescale/shared/store';
import { type Instruments, type Log, openSpan } from '@forescale/shared/telemetry';
import type { Clock } from '@forescale/shared/time';
import { decodeEvent, modelNoticeSchema, subjects } from '@forescale/shared/wire';
import { bulkhead } from 'cockatiel';
import { allSeries } from '../history/index.ts';
import { type BackendName, selectBackend } from '../tensor/index.ts';
import {
  createTrainer,
  createTraining,
  MODEL_WORKER_URL,
  type ModelStore,
  type ModelTrainer,
  type TrainingParts,
  TrainingQueue,
  trainClusterIn,
  trainModelIn,
} from '../training/index.ts';
import { answerForecasts } from './forecast-answers.ts';
import { ForecastPublisher, type Made } from './forecast-publisher.ts';
import { Members } from './members.ts';
import { type Member, ownerOf } from './ownership.ts';
import { SeriesPredictor } from './series-predictor.ts';
import { type Served, ServedSeries } from './served-series.ts';
import { SharedNetwork } from './shared-network.ts';
import { TrainingAsker } from './training-asker.ts';

/** Heap of a training worker; tensors and arrays are outside of it. */
const WORKER_HEAP_MIB = 1_024;
/** Questions to the stores on their way at once. */
const STORE_AT_ONCE = 8;
/** Histories that are loaded side by side; each holds a page of the store in memory. */
const LOADED_AT_ONCE = 4;
/** Forecasts between two pauses: about 20 ms. */
const FORECASTS_PER_TURN = 20;
/** Share of a tick in which histories are loaded; with it over, the rest waits for the next tick. */
const LOADING_SHARE = 0.7;

type Trainings = Pick<TrainingParts, 'trainSeries' | 'trainCluster'>;

export interface PredictorParts {
  readonly config: Config;
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Those of all predictors that share the series. */
  readonly models: ModelStore;
  /** This process among them: `[a-z0-9-]{1,63}`, and no other one has it. */
  readonly id: string;
  /** Trainings that run at once in this process. */
  readonly workers: number;
  readonly readiness: Readiness;
  readonly instruments: Instruments;
  readonly log: Log;
  /** Where models are trained; in worker threads unless told. */
  readonly trainings?: Trainings;
}

export interface Predictor {
  tick(nowMs: number): Promise<void>;
  /** Gives the series and what is being trained to the others. */
  stop(): Promise<void>;
  readonly backend: BackendName;
}

/** Starts the forecasting of every signal of every pool that wants it, together with whoever else does so. */
export async function startPredictor(parts: PredictorParts): Promise<Predictor> {
  const { config, log } = parts;
  const wanted = config.pools.find((pool) => pool.forecast.enabled)?.forecast.backend ?? 'auto';
  const backend = await selectBackend(wanted);
  log.info({ backend: backend.name, id: parts.id }, `TensorFlow.js backend: ${backend.reason}`);
  const service = new PredictorService(parts, backend.name);
  return {
    backend: backend.name,
    tick: (nowMs) => service.tick(nowMs),
    stop: () => service.stop(),
  };
}

class PredictorService {
  readonly #parts: PredictorParts;
  readonly #members: Members;
  readonly #queue: TrainingQueue;
  readonly #shared: readonly SharedNetwork[];
  readonly #publisher: ForecastPublisher;
  readonly #train: ReturnType<typeof createTraining>;
  readonly #served: ServedSeries;
  readonly #traces: SampleTraces;
  #notices: Subscription | null = null;
  #answers: Subscription | null = null;
  #isWorking = false;
  #state: Member['state'] = 'joining';
  /** What went wrong first in this tick; the rest of its work is done all the same. */
  #trouble: unknown = null;

  constructor(parts: PredictorParts, backend: BackendName) {
    const { config, bus, clock, log, id, models } = parts;
    this.#parts = parts;
    const all = allSeries(config);
    this.#members = new Members({ bus, clock, log, id, tickMs: config.clock.tickMs });
    this.#traces = new SampleTraces(config, bus);
    this.#queue = new TrainingQueue({ bus, clock, log });
    this.#served = new ServedSeries(id, all, (one) => ({
      series: new SeriesPredictor({ ...parts, config: one, backend }),
      asker: new TrainingAsker(this.#queue, models, one.key),
    }));
    this.#shared = SharedNetwork.of(all, models, this.#queue);
    this.#publisher = new ForecastPublisher(parts);
    this.#train = createTraining({ ...(parts.trainings ?? inWorkers(parts.workers)), ...parts });
  }

  async tick(nowMs: number): Promise<void> {
    const { store, bus, readiness } = this.#parts;
    this.#trouble = null;
    try {
      await this.#attempt(() => this.#join());
      if (this.#members.hasJoined) {
        await this.#serve(this.#served.loaded(this.#members.live()), nowMs);
        await this.#load(nowMs);
      }
      if (this.#trouble !== null) throw this.#trouble;
    } finally {
      const [storeHealth, busHealth] = await Promise.all([store.health(), bus.health()]);
      readiness.set('store', storeHealth satisfies Health);
      readiness.set('bus', busHealth);
    }
  }

  async stop(): Promise<void> {
    await this.#notices?.stop();
    await this.#answers?.stop();
    await this.#traces.stop();
    await this.#queue.stop();
    await this.#members.leave();
  }

  /** Says that we are there, hears of new models, answers, takes trainings. Whatever the bus being away prevents is done later. */
  async #join(): Promise<void> {
    await this.#members.announce(this.#state);
    this.#notices ??= await this.#parts.bus.subscribe(subjects.allModels, ({ data }) => this.#hearOfModel(data));
    this.#answers ??= await answerForecasts(this.#parts);
    await this.#traces.follow();
    if (!this.#isWorking) await this.#queue.work(this.#parts.workers, this.#train);
    this.#isWorking = true;
  }

  /**
   * Loads the histories of series that are new here, as many as there is time for; forecasts begin series by series.
   * Who else is there is asked before each batch: the first answers come while the first histories are loaded.
   */
  async #load(nowMs: number): Promise<void> {
    const { clock, config } = this.#parts;
    const untilMs = clock.nowMs() + LOADING_SHARE * config.clock.tickMs;
    const tried = new Set<Served>();
    while (clock.nowMs() < untilMs) {
      const next = this.#served.takeOn(this.#members.live(), LOADED_AT_ONCE, tried);
      if (next.length === 0) break;
      for (const one of next) tried.add(one);
      await this.#serve(next, nowMs);
    }
    if (this.#served.isComplete(this.#members.live())) this.#state = 'ready';
  }

  /** One round for these series: follow, train, forecast, publish. */
  async #serve(served: readonly Served[], nowMs: number): Promise<void> {
    await this.#each(served, ({ series }) => series.follow(nowMs));
    await this.#each(served, ({ series }) => series.judge());
    await this.#trainShared(served, nowMs);
    await this.#each(served, (one) => this.#trainSeries(one, nowMs));
    const forecasts: Made[] = [];
    for (const [index, { series }] of served.entries()) {
      const made = series.isLoaded ? this.#forecast(series, nowMs) : null;
      if (made) forecasts.push(made);
      if (index % FORECASTS_PER_TURN === FORECASTS_PER_TURN - 1) await nextTurn();
    }
    if (forecasts.length > 0) await this.#attempt(() => this.#publisher.publish(forecasts));
  }

  /** In a span that follows from the newest sample of the series. */
  #forecast(series: SeriesPredictor, nowMs: number): Made | null {
    const { pool, signal } = series.config;
    const attributes = { 'forescale.pool': pool.name, 'forescale.signal': signal.name };
    const span = openSpan('forecast', { parent: this.#traces.of(pool.name, signal.name), attributes });
    const forecast = series.forecast(nowMs);
    return forecast && { forecast, span };
  }

  async #trainShared(served: readonly Served[], nowMs: number): Promise<void> {
    for (const network of this.#shared) {
      await this.#attempt(async () => {
        await network.look(nowMs);
        if (!this.#owns(network.key)) return;
        const alike = served.filter(({ series }) => network.isFor(series.config));
        const cells = Math.max(0, ...alike.map(({ series }) => series.cells));
        await network.train(nowMs, cells, this.#waits);
        if (this.#waits) await network.look(nowMs);
      });
    }
  }

  /** Asks for the training that is due, and looks whether the one that was asked for is done. */
  async #trainSeries({ series, asker }: Served, nowMs: number): Promise<void> {
    if (asker.isWaiting && (await series.adoptNewer())) asker.answered();
    const network = this.#shared.find((one) => one.isFor(series.config));
    const reason = series.reasonToTrain(nowMs, network?.savedMs ?? null);
    if (reason === null || (reason === 'first' && network?.isAwaited(nowMs))) return;
    // Whoever only stands in for an owner that is joining leaves that to him.
    if (!this.#owns(series.config.key)) return;
    await asker.ask(reason, nowMs, this.#waits);
    if (this.#waits && (await series.adoptNewer())) asker.answered();
  }

  #owns(key: ModelKey): boolean {
    return ownerOf(this.#members.live(), modelName(key))?.id === this.#parts.id;
  }

  /** Simulated time stands still while a model is trained; real time does not wait. */
  get #waits(): boolean {
    return this.#parts.config.clock.source === 'bus';
  }

  async #hearOfModel(data: Uint8Array): Promise<void> {
    const { key } = decodeEvent(data, modelNoticeSchema);
    if (key.kind === 'cluster') {
      const network = this.#shared.find((one) => modelName(one.key) === modelName(key));
      await network?.look(this.#parts.clock.nowMs(), true);
      return;
    }
    const served = this.#served.get(key);
    if (served && (await served.series.adoptNewer())) served.asker.answered();
  }

  async #each(served: readonly Served[], work: (one: Served) => Promise<void>): Promise<void> {
    const turns = bulkhead(STORE_AT_ONCE, Number.POSITIVE_INFINITY);
    await Promise.all(served.map((one) => turns.execute(() => this.#attempt(() => work(one)))));
  }

  /** What fails for one series must not keep the others waiting. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#trouble ??= error;
    }
  }
}

function inWorkers(workersMax: number): Trainings {
  const trainer: ModelTrainer = createTrainer({
    workerUrl: MODEL_WORKER_URL,
    timeoutMs: 3_600_000,
    heapMibMax: WORKER_HEAP_MIB,
    workersMax,
  });
  return {
    trainSeries: (job, options) => trainModelIn(trainer, job, options),
    trainCluster: (job, options) => trainClusterIn(trainer, job, options),
  };
}
