import type { Bus } from '@forescale/shared/bus';
import type { Config } from '@forescale/shared/config';
import type { Forecast } from '@forescale/shared/domain';
import type { Readiness } from '@forescale/shared/service';
import type { Health, Store } from '@forescale/shared/store';
import type { Instruments, Log } from '@forescale/shared/telemetry';
import { encodeForecast, streams, subjects } from '@forescale/shared/wire';
import { bulkhead } from 'cockatiel';
import type { TrainedModel } from '../model/index.ts';
import { type BackendName, selectBackend } from '../tensor/index.ts';
import { createTrainer, MODEL_WORKER_URL, type ModelJob, ModelRegistry, trainModelIn } from '../training/index.ts';
import { accuracyPoints, forecastPoints } from './forecast-points.ts';
import { SeriesPredictor } from './series-predictor.ts';

/** Heap of a training worker; tensors and arrays are outside of it. */
const WORKER_HEAP_MIB = 1_024;
const TRAININGS_AT_ONCE = 1;
const SERIES_MAX = 10_000;

export interface PredictorParts {
  readonly config: Config;
  readonly store: Store;
  readonly bus: Bus;
  /** Where models are kept. */
  readonly modelDirectory: string;
  readonly readiness: Readiness;
  readonly instruments: Instruments;
  readonly log: Log;
}

export interface Predictor {
  tick(nowMs: number): Promise<void>;
  readonly backend: BackendName;
}

/** Starts the forecasting of every signal of every pool that wants it. */
export async function startPredictor(parts: PredictorParts): Promise<Predictor> {
  const { config, bus, store, readiness, log } = parts;
  const pools = config.pools.filter((pool) => pool.forecast.enabled);
  const backend = await selectBackend(pools[0]?.forecast.backend ?? 'auto');
  log.info({ backend: backend.name }, `TensorFlow.js backend: ${backend.reason}`);
  const trainer = createTrainer<ModelJob, TrainedModel>({
    workerUrl: MODEL_WORKER_URL,
    timeoutMs: Math.max(60_000, ...pools.map((pool) => pool.forecast.trainBudgetMs)),
    heapMibMax: WORKER_HEAP_MIB,
    workersMax: TRAININGS_AT_ONCE,
  });
  // Trainings beyond that wait their turn.
  const turns = bulkhead(TRAININGS_AT_ONCE, SERIES_MAX);
  const train = (job: ModelJob) => turns.execute(() => trainModelIn(trainer, job));
  const registry = new ModelRegistry(parts.modelDirectory);
  const series = pools.flatMap((pool) =>
    pool.signals.map(
      (signal) =>
        new SeriesPredictor({
          pool,
          signal,
          store,
          registry,
          train,
          backend: backend.name,
          log,
        }),
    ),
  );
  let streamReady = false;

  async function round(nowMs: number): Promise<void> {
    const forecasts: Forecast[] = [];
    const trainings: Promise<void>[] = [];
    for (const one of series) {
      await one.follow(nowMs);
      trainings.push(one.trainWhenDue(nowMs));
    }
    // Simulated time stands still while a model is trained; real time does not wait.
    if (config.clock.source === 'bus') await Promise.all(trainings);
    for (const one of series) {
      const forecast = one.forecast(nowMs);
      if (forecast) forecasts.push(forecast);
    }
    await publish(forecasts);
  }

  async function publish(forecasts: readonly Forecast[]): Promise<void> {
    if (!streamReady) await bus.ensureStream(streams.forecast);
    streamReady = true;
    for (const forecast of forecasts) {
      await bus.publishDurable(subjects.forecast(forecast.pool, forecast.signal), encodeForecast(forecast));
      record(forecast);
    }
    const points = forecasts.flatMap((forecast) => [...forecastPoints(forecast), ...accuracyPoints(forecast)]);
    if (points.length > 0) await store.write(points);
  }

  function record({ pool, signal, model, accuracy }: Forecast): void {
    if (!accuracy) return;
    parts.instruments.forecastError.record(accuracy.wql, { pool, signal, model });
    if (accuracy.relativeError !== null)
      parts.instruments.forecastRelativeError.record(accuracy.relativeError, { pool, signal, model });
    parts.instruments.forecastCoverage.record(accuracy.coverage90, { pool, signal, model, level: '0.9' });
    parts.instruments.forecastCoverage.record(accuracy.coverage99, { pool, signal, model, level: '0.99' });
  }

  return {
    backend: backend.name,
    async tick(nowMs) {
      try {
        await round(nowMs);
      } finally {
        const [storeHealth, busHealth] = await Promise.all([store.health(), bus.health()]);
        readiness.set('store', storeHealth satisfies Health);
        readiness.set('bus', busHealth);
      }
    },
  };
}
