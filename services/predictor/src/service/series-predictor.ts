import { calendarOf, type PoolConfig, type SignalConfig } from '@forescale/shared/config';
import { type Forecast, STALE_INTERVALS } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import type { Log } from '@forescale/shared/telemetry';
import { OnlineForecaster, TRAIN_OPTIONS, type TrainedModel } from '../model/index.ts';
import { loadNetwork } from '../tensor/index.ts';
import type { ModelJob, ModelRegistry } from '../training/index.ts';
import { SignalHistory } from './signal-history.ts';

const MINUTE_MS = 60_000;

/** With less than this a network has nothing to learn from; the simpler members answer alone. */
const SAMPLES_TO_TRAIN = 120;

export interface SeriesParts {
  readonly pool: PoolConfig;
  readonly signal: SignalConfig;
  readonly store: Store;
  readonly registry: ModelRegistry;
  /** Trains elsewhere than in the thread that answers. */
  readonly train: (job: ModelJob) => Promise<TrainedModel>;
  readonly backend: string;
  readonly log: Log;
}

/** Follows one signal of one pool: its history, its model, its forecasts. */
export class SeriesPredictor {
  readonly #parts: SeriesParts;
  readonly #forecaster: OnlineForecaster;
  #history: SignalHistory | null = null;
  #samples = 0;
  #newestMs = Number.NEGATIVE_INFINITY;
  #trainedMs: number | null = null;
  #training: Promise<void> | null = null;

  constructor(parts: SeriesParts) {
    this.#parts = parts;
    const { calendar, timezone } = parts.pool.forecast;
    const steps = Math.ceil(parts.pool.forecast.horizonMs / (5 * MINUTE_MS));
    this.#forecaster = new OnlineForecaster({
      rawStepMs: parts.signal.intervalMs,
      steps: parts.signal.intervalMs > 5 * MINUTE_MS ? null : steps,
      calendarFrom: (timeMs) => calendarOf(calendar, timezone, timeMs),
    });
  }

  /** Takes in what the store has that was not taken in yet. Rejects as the store does; the next call goes on from there. */
  async follow(nowMs: number): Promise<void> {
    const first = this.#history === null;
    this.#history ??= new SignalHistory(
      this.#parts.store,
      this.#parts.pool.name,
      this.#parts.signal,
      nowMs - this.#parts.pool.forecast.historyMs,
    );
    for (;;) {
      const { timesMs, values } = await this.#history.next(nowMs);
      if (timesMs.length === 0) break;
      for (let index = 0; index < timesMs.length; index++)
        this.#forecaster.observe(timesMs[index] as number, values[index] as number);
      this.#samples += timesMs.length;
      this.#newestMs = timesMs.at(-1) as number;
    }
    if (first) await this.#loadModel();
  }

  async #loadModel(): Promise<void> {
    const { pool, signal, registry, log } = this.#parts;
    const { registered, refused } = await registry.load({ pool: pool.name, signal: signal.name });
    for (const { why } of refused) log.warn({ pool: pool.name, signal: signal.name }, why);
    if (!registered) return;
    const { model, version, savedMs } = registered;
    if (this.#forecaster.importModel(model, loadNetwork)) {
      this.#trainedMs = savedMs;
      log.info({ pool: pool.name, signal: signal.name, version }, 'saved model loaded');
    } else {
      log.warn(
        { pool: pool.name, signal: signal.name, version },
        'saved model is for another step or horizon: not used',
      );
    }
  }

  /** Starts a training when one is due and none runs; resolves when it is done. */
  trainWhenDue(nowMs: number): Promise<void> {
    const due = this.#trainedMs === null || nowMs - this.#trainedMs >= this.#parts.pool.forecast.retrainEveryMs;
    if (this.#training === null && due && this.#samples >= SAMPLES_TO_TRAIN) {
      this.#training = this.#train(nowMs).finally(() => {
        this.#training = null;
      });
    }
    return this.#training ?? Promise.resolve();
  }

  async #train(nowMs: number): Promise<void> {
    const { pool, signal, registry, log } = this.#parts;
    // Also after a failure the next try waits its turn: a training that cannot succeed must not eat the machine.
    this.#trainedMs = nowMs;
    try {
      const known = this.#forecaster.trainingCells();
      if (!known) return;
      const last = this.#forecaster.exportModel();
      const model = await this.#parts.train({ ...known, starts: last ? [last] : [], options: TRAIN_OPTIONS });
      this.#forecaster.importModel(model, loadNetwork);
      const version = await registry.save({ pool: pool.name, signal: signal.name }, model, nowMs);
      log.info({ pool: pool.name, signal: signal.name, version, network: model.network !== null }, 'model trained');
    } catch (error) {
      log.error({ err: error, pool: pool.name, signal: signal.name }, 'training failed: the last model goes on');
    }
  }

  /** Null while nothing was measured yet, or no more: a forecast is worth no more than its newest sample. */
  forecast(nowMs: number): Forecast | null {
    const { pool, signal, backend } = this.#parts;
    const validUntilMs = Math.min(
      nowMs + pool.forecast.validForMs,
      this.#newestMs + STALE_INTERVALS * signal.intervalMs,
    );
    if (validUntilMs <= nowMs) return null;
    const issued = this.#forecaster.forecast(nowMs);
    return issued && { ...issued, pool: pool.name, signal: signal.name, validUntilMs, backend };
  }
}
