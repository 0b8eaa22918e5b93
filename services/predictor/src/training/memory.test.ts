import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PLAIN_CALENDAR } from '@forescale/shared/domain';
import { memory } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { selectBackend } from '../tensor/backend.ts';
import { noisyLines, SMALL } from '../tensor/synthetic.test-data.ts';
import { trainNetwork } from '../tensor/train.ts';
import { MODEL_WORKER_URL, type ModelTrainer, trainModelIn } from './model-job.ts';
import { createTrainer } from './trainer.ts';

const MIB = 2 ** 20;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is held once all that is not has been let go. */
function held() {
  collectGarbage();
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss, tensors: memory().numTensors, buffers: memory().numDataBuffers };
}

/**
 * Two KB lost with each training (the names that a model of the layers package leaves behind) were 1.6 MiB of heap
 * after the last 800. Of the resident memory the allocator keeps some: 1 to 4 MiB were seen.
 */
test('memory: flat over 1,000 trainings in one process', { timeout: 120_000 }, async () => {
  await selectBackend('wasm');
  const data = noisyLines(32, 4, 2, 1);
  const tiny = { ...SMALL, hidden: [4], steps: 4, batch: 16, validationShare: 0.25 };
  const trainings = async (count: number) => {
    for (let seed = 0; seed < count; seed++) await trainNetwork(data, { ...tiny, seed }, [], () => {});
  };
  await trainings(200); // Code is compiled, and the backend takes the memory that it keeps.
  const before = held();
  await trainings(800);
  const after = held();
  expect(after.tensors).toBe(before.tensors);
  expect(after.buffers).toBe(before.buffers);
  expect((after.heap - before.heap) / MIB).toBeLessThan(1);
  expect((after.rss - before.rss) / MIB).toBeLessThan(16);
});

/** A worker holds some 30 MiB while it trains; of one that were not given back, 15 would be 450. */
test('memory: a worker gives back what it took', { timeout: 180_000 }, async () => {
  const trainer: ModelTrainer = createTrainer({
    workerUrl: MODEL_WORKER_URL,
    timeoutMs: 60_000,
    heapMibMax: 512,
    workersMax: 1,
  });
  const means = Float64Array.from({ length: 3 * 288 }, (_, i) => 100 + 30 * Math.sin((2 * Math.PI * i) / 288));
  const cells = { stepMs: 300_000, firstCell: 1_000, means, latest: means };
  const trainings = async (count: number) => {
    for (let seed = 0; seed < count; seed++) {
      const options = { seed, steps: 5, budgetMs: null };
      const series = { cells, horizon: 12, calendar: PLAIN_CALENDAR };
      const model = await trainModelIn(trainer, { kind: 'series', ...series, starts: [], options });
      expect(model.network).not.toBeNull();
    }
  };
  await trainings(5);
  const before = held();
  await trainings(15);
  const after = held();
  expect((after.heap - before.heap) / MIB).toBeLessThan(1);
  expect((after.rss - before.rss) / MIB).toBeLessThan(64);
});
