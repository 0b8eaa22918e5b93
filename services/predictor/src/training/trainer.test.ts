import { expect, test } from 'vitest';
import { TrainerBusyError, TrainingAbortedError, TrainingFailedError, TrainingTimeoutError } from './errors.ts';
import type { TestJob } from './trainer.test-worker.ts';
import { createTrainer, type Trainer, type TrainerOptions } from './trainer.ts';

function trainerWith(options: Partial<TrainerOptions> = {}): Trainer<TestJob, number> {
  const workerUrl = new URL('./trainer.test-worker.ts', import.meta.url);
  return createTrainer({ workerUrl, timeoutMs: 20_000, heapMibMax: 256, workersMax: 1, ...options });
}

test('trainer: returns the result and tells the progress', async () => {
  const progress: number[][] = [];
  const job: TestJob = { kind: 'sum', values: Float64Array.of(1, 2, 3.5) };
  const options = { onProgress: (done: number, of: number) => void progress.push([done, of]) };
  expect(await trainerWith().run(job, options)).toBe(6.5);
  expect(progress).toEqual([
    [1, 2],
    [2, 2],
  ]);
});

test('trainer: moves what it is told to move', async () => {
  const values = Float64Array.of(1, 2);
  expect(await trainerWith().run({ kind: 'sum', values }, { transfer: [values.buffer] })).toBe(3);
  expect(values.byteLength).toBe(0);
});

test('trainer: an error in the job arrives with its name', async () => {
  const failed = trainerWith().run({ kind: 'throw' });
  await expect(failed).rejects.toThrow(TrainingFailedError);
  await expect(failed).rejects.toMatchObject({ causeName: 'RangeError', message: /nothing to learn from/ });
});

test('trainer: a worker that ends without a result is a failure', async () => {
  await expect(trainerWith().run({ kind: 'exit' })).rejects.toMatchObject({ causeName: 'WorkerExit' });
});

test('trainer: a job that eats memory is ended, and we are not', async () => {
  await expect(trainerWith({ heapMibMax: 32 }).run({ kind: 'hoard' })).rejects.toThrow(/memory limit/);
});

test.each([
  ["the trainer's", { timeoutMs: 300 }, {}],
  ['its own', {}, { timeoutMs: 300 }],
])('trainer: an endless job is ended when %s time is up', async (_, ofTrainer, ofJob) => {
  const attempt = trainerWith(ofTrainer).run({ kind: 'spin' }, ofJob);
  await expect(attempt).rejects.toThrow(TrainingTimeoutError);
});

test.each(['spin', 'wait'] as const)('trainer: a job that would %s is ended when it is given up', async (kind) => {
  const trainer = trainerWith();
  const controller = new AbortController();
  const attempt = trainer.run({ kind }, { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(attempt).rejects.toThrow(TrainingAbortedError);
  // Its place is free again.
  expect(await trainer.run({ kind: 'sum', values: Float64Array.of(1) })).toBe(1);
  await expect(trainer.run({ kind }, { signal: controller.signal })).rejects.toThrow(TrainingAbortedError);
});

test('trainer: more jobs than workers are refused, not piled up', async () => {
  const trainer = trainerWith();
  const first = trainer.run({ kind: 'sum', values: Float64Array.of(1) });
  await expect(trainer.run({ kind: 'throw' })).rejects.toThrow(TrainerBusyError);
  expect(await first).toBe(1);
});
