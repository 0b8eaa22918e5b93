import { setImmediate as nextTurn } from 'node:timers/promises';
import { calendarOf } from '@forescale/shared/config';
import { type Forecast, modelName, STALE_INTERVALS } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import type { TrainingReason } from '@forescale/shared/wire';
import { bulkhead } from 'cockatiel';
import { oldestSampleMs, type SeriesConfig, SignalHistory } from '../history/index.ts';
import { OnlineForecaster, type TrainedModel } from '../model/index.ts';
import { loadNetwork } from '../tensor/index.ts';
import {
  type DriftState,
  hasDrifted,
  isUsable,
  lookForDrift,
  type ModelFacts,
  type ModelStore,
  type RegisteredModel,
  reasonToTrain,
  verdictOn,
} from '../training/index.ts';

/** With less than this a network has nothing to learn from; the simpler members answer alone. */
const SAMPLES_TO_TRAIN = 120;

/** A sample takes 0.05 to 0.3 ms to learn from; after so many, of a few series side by side, other work has its turn. */
const SAMPLES_PER_TURN = 50;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What a series predictor asks of the forecasting core. */
export type Forecaster = Pick<OnlineForecaster, 'observe' | 'forecast' | 'importModel' | 'trialResult' | 'endTrial'>;

export interface SeriesParts {
  readonly config: SeriesConfig;
  readonly store: Store;
  readonly models: ModelStore;
  readonly instruments: Pick<Instruments, 'modelRollbacks'>;
  readonly backend: string;
  readonly log: Log;
  readonly createForecaster?: () => Forecaster;
}

/** Follows one signal of one pool: its history, its models, its forecasts. */
export class SeriesPredictor {
  readonly config: SeriesConfig;
  readonly #parts: SeriesParts;
  readonly #log: Log;
  #forecaster: Forecaster;
  #history: SignalHistory | null = null;
  #isLoaded = false;
  #samples = 0;
  #oldestMs = Number.POSITIVE_INFINITY;
  #newestMs = Number.NEGATIVE_INFINITY;
  /** Of the model that is forecast with; 0 while there is none. */
  #version = 0;
  #hasNetwork = false;
  /** The version that it is held against: the last one that has proved itself. Null while there is none. */
  #previous: number | null = null;
  /** Of the last training, also where its model was rejected. */
  #trained: ModelFacts | null = null;
  #drift: DriftState | null = null;
  /** Models are judged and exchanged one after the other, whoever asks for it. */
  readonly #turns = bulkhead(1, Number.POSITIVE_INFINITY);
  #oldestLookedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SeriesParts) {
    const { key } = parts.config;
    this.#parts = parts;
    this.config = parts.config;
    this.#log = parts.log.child({ pool: key.pool, signal: key.signal });
    this.#forecaster = this.#createForecaster();
  }

  #createForecaster(): Forecaster {
    const { createForecaster } = this.#parts;
    if (createForecaster) return createForecaster();
    const { pool, signal, shape } = this.config;
    const { calendar, timezone } = pool.forecast;
    return new OnlineForecaster({
      rawStepMs: signal.intervalMs,
      steps: shape.steps,
      calendarFrom: (timeMs) => calendarOf(calendar, timezone, timeMs),
    });
  }

  /** Whether all of the history has been taken in: from then on a call of `follow` has little to do. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Cells of history that are known. */
  get cells(): number {
    const { stepMs, cellsMax } = this.config.shape;
    if (this.#samples === 0) return 0;
    const cells = Math.floor(this.#newestMs / stepMs) - Math.floor(this.#oldestMs / stepMs) + 1;
    return Math.min(cells, cellsMax);
  }

  /**
   * Takes in what the store has that was not taken in yet. Rejects as the stores do; the next call goes on from there.
   * The saved model comes first: a forecaster that begins with it need not go through its history twice.
   */
  async follow(nowMs: number): Promise<void> {
    const { store } = this.#parts;
    const { pool, signal } = this.config;
    if (this.#isLoaded && (await this.#isLongerThanKnown(nowMs))) {
      await this.#turns.execute(() => this.#beginAnew());
      return;
    }
    if (this.#history === null) {
      this.#oldestLookedMs = nowMs;
      await this.#turns.execute(() => this.#adoptNewest());
      this.#history = new SignalHistory(store, pool.name, signal, nowMs - pool.forecast.historyMs);
    }
    do {
      const { timesMs, values } = await this.#history.next(nowMs);
      for (let index = 0; index < timesMs.length; index++) {
        this.#forecaster.observe(timesMs[index] as number, values[index] as number);
        if (index % SAMPLES_PER_TURN === SAMPLES_PER_TURN - 1) await nextTurn();
      }
      this.#samples += timesMs.length;
      this.#oldestMs = Math.min(this.#oldestMs, timesMs[0] ?? Number.POSITIVE_INFINITY);
      this.#newestMs = timesMs.at(-1) ?? this.#newestMs;
    } while (this.#history.hasMore);
    this.#isLoaded = true;
  }

  /**
   * Whether somebody has filled in history from before the first row that we read. Looked for every minute while there is
   * an hour of it, as beside an import of somebody who has just begun; once an hour from two and a half days on.
   */
  async #isLongerThanKnown(nowMs: number): Promise<boolean> {
    const spanMs = this.#newestMs - this.#oldestMs;
    const everyMs = Math.min(HOUR_MS, Math.max(MINUTE_MS, spanMs / 60));
    if (nowMs - this.#oldestLookedMs < everyMs) return false;
    const oldestMs = await oldestSampleMs(this.#parts.store, this.config, nowMs);
    this.#oldestLookedMs = nowMs;
    // Rows against rows: the first sample of a counter may come long after its first row.
    const knownMs = this.#history?.oldestRowMs ?? null;
    return oldestMs !== null && knownMs !== null && oldestMs < knownMs - HOUR_MS;
  }

  /**
   * A forecaster learns in order of time: what came before its first sample it learns from the start. Whoever calls
   * `follow` is left to find the time, as for a series that is new here; until then there is no forecast.
   */
  #beginAnew(): void {
    this.#log.info('older history was filled in: will be taken in from its start');
    this.#forecaster = this.#createForecaster();
    this.#history = null;
    this.#isLoaded = false;
    this.#samples = 0;
    this.#oldestMs = Number.POSITIVE_INFINITY;
    this.#newestMs = Number.NEGATIVE_INFINITY;
    this.#version = 0;
    this.#hasNetwork = false;
    this.#previous = null;
    this.#drift = null;
  }

  /**
   * Goes on with the newest model where that is another one: a newer one, or an older one where somebody else has
   * rejected ours. Resolves to whether it did.
   */
  adoptNewer(): Promise<boolean> {
    return this.#turns.execute(async () => {
      // Until then it is about to be looked at anyway.
      if (this.#history === null) return false;
      const newest = await this.#parts.models.newest(this.config.key);
      return newest !== null && newest.version !== this.#version && (await this.#adoptNewest());
    });
  }

  async #adoptNewest(): Promise<boolean> {
    const { registered, refused } = await this.#parts.models.load(this.config.key);
    for (const { why } of refused) this.#log.warn(why);
    // To adopt one takes some tenths of a second, and many may come at once.
    await nextTurn();
    const present = this.#version > 0 ? this.#version : null;
    if (!registered || registered.version === present) return false;
    // One that comes while another is on trial is held against the same one.
    const previous = this.#forecaster.trialResult() === null ? present : this.#previous;
    if (!this.#adopt(registered)) return false;
    this.#previous = previous;
    if (present !== null && registered.version < present) this.#endTrial();
    this.#log.info({ version: registered.version }, 'saved model loaded');
    return true;
  }

  #adopt({ model, version, savedMs, cells }: RegisteredModel<TrainedModel>): boolean {
    const { stepMs, horizon } = this.config.shape;
    const fits =
      model.stepMs === stepMs &&
      model.horizon === horizon &&
      (model.network === null || isUsable(model.network, horizon));
    if (!fits || !this.#forecaster.importModel(model, loadNetwork)) {
      this.#log.warn({ version }, 'saved model is for another step, horizon or version of Forescale: not used');
      return false;
    }
    if (version > this.#version) this.#trained = { savedMs, cells };
    this.#version = version;
    this.#hasNetwork = model.network !== null;
    return true;
  }

  /** Why this series is to be trained now; `sharedMs` is when the network of all series was made, null: there is none. */
  reasonToTrain(nowMs: number, sharedMs: number | null): TrainingReason | null {
    if (this.#samples < SAMPLES_TO_TRAIN) return null;
    // A model from the future, by a clock that is ahead of ours, is as old as our knowledge of it.
    if (this.#trained && this.#trained.savedMs > nowMs) this.#trained = { ...this.#trained, savedMs: nowMs };
    const trainedMs = this.#trained?.savedMs ?? null;
    const age = {
      trainedMs,
      trainedCells: this.#trained?.cells ?? 0,
      cells: this.cells,
      cellsMax: this.config.shape.cellsMax,
      isOffered: !this.#hasNetwork && sharedMs !== null && trainedMs !== null && sharedMs > trainedMs,
      drifted: hasDrifted(this.#drift),
    };
    return reasonToTrain(age, nowMs, this.config.pool.forecast.retrainEveryMs);
  }

  /** Goes back to the model before when the present one has done worse on what came since. */
  judge(): Promise<void> {
    return this.#turns.execute(async () => {
      const trial = this.#previous === null ? null : this.#forecaster.trialResult();
      const verdict = trial && verdictOn(trial, this.config.shape.stepMs);
      if (!trial || !verdict || this.#previous === null) return;
      const judged = this.#version;
      if (verdict === 'reject') await this.#rollBack(this.#previous, trial.ratio);
      // A newer one that came meanwhile is held against the same one.
      if (this.#version <= judged) this.#endTrial();
    });
  }

  #endTrial(): void {
    this.#previous = null;
    this.#forecaster.endTrial();
  }

  async #rollBack(previous: number, ratio: number): Promise<void> {
    const { models, instruments } = this.#parts;
    const { key } = this.config;
    const rejected = this.#version;
    if (!(await models.versions(key)).includes(previous)) {
      this.#log.warn(
        { model: modelName(key), version: rejected, previous, ratio },
        'the new model forecasts worse than the one before, which is not kept any more: it goes on',
      );
      return;
    }
    await models.rollback(key, previous, rejected);
    const { registered } = await models.load(key);
    if (!registered || !this.#adopt(registered)) return;
    const { pool, signal } = key;
    instruments.modelRollbacks.add(1, { pool, signal });
    this.#log.warn(
      { model: modelName(key), rejected, version: registered.version, ratio },
      'the new model forecasts worse than the one before: rolled back',
    );
  }

  /** Null while nothing was measured yet, or no more: a forecast is worth no more than its newest sample. */
  forecast(nowMs: number): Forecast | null {
    const { pool, signal } = this.config;
    const validUntilMs = Math.min(
      nowMs + pool.forecast.validForMs,
      this.#newestMs + STALE_INTERVALS * signal.intervalMs,
    );
    if (validUntilMs <= nowMs) return null;
    const issued = this.#forecaster.forecast(nowMs);
    if (issued === null) return null;
    this.#lookForDrift(nowMs, issued.accuracy?.wql ?? null);
    return { ...issued, pool: pool.name, signal: signal.name, validUntilMs, backend: this.#parts.backend };
  }

  #lookForDrift(nowMs: number, wql: number | null): void {
    if (wql === null || !this.#trained) return;
    this.#drift = lookForDrift(this.#drift, { nowMs, trainedMs: this.#trained.savedMs, wql });
  }
}
