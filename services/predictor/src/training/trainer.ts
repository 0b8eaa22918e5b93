import { type Transferable, Worker } from 'node:worker_threads';
import { TrainerBusyError, TrainingAbortedError, TrainingFailedError, TrainingTimeoutError } from './errors.ts';
import type { OnProgress, WorkerMessage } from './messages.ts';

export interface TrainerOptions {
  /** A module that calls `serveJob`, TypeScript as it stands. */
  readonly workerUrl: URL;
  readonly timeoutMs: number;
  /**
   * Limit of a worker's JavaScript heap, in MiB. Array buffers and WebAssembly memory are not part of it: those are
   * bounded by the size of the job and of the network, and gone when the worker is.
   */
  readonly heapMibMax: number;
  /** Jobs that run at once. */
  readonly workersMax: number;
}

export interface JobOptions {
  /** Moved to the worker instead of copied: the caller cannot use them any more. */
  readonly transfer?: readonly Transferable[];
  readonly signal?: AbortSignal;
  /** Of this job; the trainer's own unless told. */
  readonly timeoutMs?: number;
  readonly onProgress?: OnProgress;
}

export interface Trainer<Job, Result> {
  /**
   * Runs one job in a worker thread of its own, which is thrown away afterwards: the memory that a backend has once
   * taken is given back in no other way. Rejects with `TrainerBusyError`, `TrainingTimeoutError`,
   * `TrainingAbortedError` or `TrainingFailedError`; the worker has ended in any case.
   */
  run(job: Job, options?: JobOptions): Promise<Result>;
}

export function createTrainer<Job, Result>(options: TrainerOptions): Trainer<Job, Result> {
  let running = 0;
  return {
    async run(job, jobOptions = {}) {
      if (running >= options.workersMax) throw new TrainerBusyError(`${running} training jobs are running`);
      running++;
      try {
        return (await runInWorker(options, job, jobOptions)) as Result;
      } finally {
        running--;
      }
    },
  };
}

async function runInWorker(options: TrainerOptions, job: unknown, jobOptions: JobOptions): Promise<unknown> {
  if (jobOptions.signal?.aborted) throw new TrainingAbortedError('given up before it began');
  const timeoutMs = jobOptions.timeoutMs ?? options.timeoutMs;
  const timeout = AbortSignal.timeout(timeoutMs);
  const ended = new AbortController();
  const worker = new Worker(options.workerUrl, {
    workerData: job,
    transferList: [...(jobOptions.transfer ?? [])],
    resourceLimits: { maxOldGenerationSizeMb: options.heapMibMax },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  try {
    return await Promise.race([
      outcome(worker, jobOptions.onProgress),
      aborted(timeout, ended.signal, () => new TrainingTimeoutError(timeoutMs)),
      aborted(jobOptions.signal, ended.signal, () => new TrainingAbortedError('given up while it ran')),
    ]);
  } finally {
    ended.abort();
    await worker.terminate();
  }
}

function outcome(worker: Worker, onProgress: OnProgress | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'progress') onProgress?.(message.done, message.of);
      else if (message.kind === 'done') resolve(message.result);
      else reject(new TrainingFailedError(message.causeName, message.message));
    });
    worker.on('messageerror', (error) => reject(new TrainingFailedError(error.name, error.message)));
    worker.on('error', (error) => {
      const known = error instanceof Error ? error : new Error(String(error));
      reject(new TrainingFailedError(known.name, known.message));
    });
    worker.on('exit', (code) => reject(new TrainingFailedError('WorkerExit', `ended with ${code} and no result`)));
  });
}

/** Rejects when `signal` aborts, unless `ended` has before: then it stops listening and never settles. */
function aborted(signal: AbortSignal | undefined, ended: AbortSignal, error: () => Error): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(error()), { once: true, signal: ended });
  });
}
