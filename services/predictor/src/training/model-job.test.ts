import { PLAIN_CALENDAR } from '@forescale/shared/domain';
import { expect, test } from 'vitest';
import { MODEL_WORKER_URL, type ModelTrainer, trainClusterIn, trainModelIn } from './model-job.ts';
import { createTrainer } from './trainer.ts';

test('model job: a worker trains a network on a view of a history and leaves the history alone', async () => {
  const trainer: ModelTrainer = createTrainer({
    workerUrl: MODEL_WORKER_URL,
    timeoutMs: 25_000,
    heapMibMax: 512,
    workersMax: 1,
  });
  const day = 288;
  const history = Float64Array.from({ length: 4 * day }, (_, i) => 100 + 30 * Math.sin((2 * Math.PI * i) / day));
  const means = history.subarray(day);
  const cells = { stepMs: 300_000, firstCell: 1_000, means, latest: means };
  const progress: number[] = [];
  const options = { seed: 1, steps: 10, budgetMs: null };
  const model = await trainModelIn(
    trainer,
    { kind: 'series', cells, horizon: 12, calendar: PLAIN_CALENDAR, starts: [], options },
    { onProgress: (done, of) => void progress.push(done / of) },
  );
  expect(model).toMatchObject({ stepMs: 300_000, horizon: 12 });
  expect(model.network).not.toBeNull();
  // The last rows were held back to judge the network by.
  expect(model.unseenFromCell).toBeGreaterThan(1_000 + day);
  expect(model.unseenFromCell).toBeLessThan(1_000 + 3 * day);
  expect(progress.at(-1)).toBe(1);
  expect(history).toHaveLength(4 * day);
});

test('model job: a worker trains one network on the histories of two series', async () => {
  const trainer: ModelTrainer = createTrainer({
    workerUrl: MODEL_WORKER_URL,
    timeoutMs: 25_000,
    heapMibMax: 512,
    workersMax: 1,
  });
  const day = 288;
  const series = [100, 4_000].map((level) => {
    const means = Float64Array.from(
      { length: 4 * day },
      (_, i) => level * (1 + 0.3 * Math.sin((2 * Math.PI * i) / day)),
    );
    const cells = { stepMs: 300_000, firstCell: 1_000, means, latest: means };
    return { cells, horizon: 12, calendar: PLAIN_CALENDAR };
  });
  const options = { seed: 1, steps: 10, rowsMax: 5_000, budgetMs: null };
  const model = await trainClusterIn(trainer, { kind: 'cluster', series, warmStart: null, options });
  expect(model).toMatchObject({ format: 'forescale-cluster-model-1', stepMs: 300_000, horizon: 12, series: 2 });
  expect(series[0]?.cells.means).toHaveLength(4 * day);
});
