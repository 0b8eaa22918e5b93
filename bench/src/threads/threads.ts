import { Worker } from 'node:worker_threads';

/** A thread's answers to the jobs that it is sent, one at a time. */
export type Answer<Result> =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly message: string };

export interface ThreadJob<Job, Result> {
  readonly job: Job;
  /** What it is of all work, for the progress. */
  readonly weight: number;
  /** False while something that it needs is still being made. */
  readonly isReady?: () => boolean;
  readonly onResult: (result: Result) => void;
}

export interface Threads<Job, Result> {
  /** Does all jobs, in their order where they are ready, on all threads at once. Rejects with the first failure. */
  run(jobs: readonly ThreadJob<Job, Result>[], onProgress: (done: number, of: number) => void): Promise<void>;
  close(): Promise<void>;
}

export function startThreads<Job, Result>(
  count: number,
  file: URL,
  workerData: unknown,
  signal: AbortSignal,
): Threads<Job, Result> {
  const execArgv = ['--disable-warning=ExperimentalWarning'];
  const workers = Array.from({ length: count }, () => new Worker(file, { workerData, execArgv }));
  return {
    run: (jobs, onProgress) => runAll(workers, jobs, signal, onProgress),
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

async function runAll<Job, Result>(
  workers: readonly Worker[],
  jobs: readonly ThreadJob<Job, Result>[],
  signal: AbortSignal,
  onProgress: (done: number, of: number) => void,
): Promise<void> {
  const of = jobs.reduce((sum, { weight }) => sum + weight, 0);
  const waiting = [...jobs];
  const partial = new Map<Worker, number>();
  let done = 0;
  const tell = () => onProgress(done + [...partial.values()].reduce((sum, part) => sum + part, 0), of);
  /** Woken whenever a job is done, for then another may have become ready. */
  let changed = Promise.withResolvers<void>();
  const work = async (worker: Worker) => {
    while (waiting.length > 0) {
      signal.throwIfAborted();
      const next = waiting.findIndex(({ isReady }) => isReady?.() ?? true);
      const [job] = next < 0 ? [] : waiting.splice(next, 1);
      if (job === undefined) {
        await changed.promise;
        continue;
      }
      const result = await ask<Job, Result>(worker, job.job, signal, (share) => {
        partial.set(worker, share * job.weight);
        tell();
      });
      partial.delete(worker);
      done += job.weight;
      job.onResult(result);
      tell();
      changed.resolve();
      changed = Promise.withResolvers();
    }
  };
  await Promise.all(
    workers.map((worker) =>
      work(worker).catch((error) => {
        waiting.length = 0;
        changed.resolve();
        throw error;
      }),
    ),
  );
}

function ask<Job, Result>(
  worker: Worker,
  job: Job,
  signal: AbortSignal,
  onShare: (share: number) => void,
): Promise<Result> {
  const over = new AbortController();
  return new Promise<Result>((resolve, reject) => {
    const onMessage = (answer: Answer<Result>) => {
      if (answer.kind === 'progress') onShare(answer.share);
      else if (answer.kind === 'done') resolve(answer.result);
      else reject(new Error(answer.message));
    };
    const onExit = () => reject(new Error('a thread of the benchmark has ended'));
    worker.on('message', onMessage).on('error', reject).on('exit', onExit);
    over.signal.addEventListener('abort', () =>
      worker.off('message', onMessage).off('error', reject).off('exit', onExit),
    );
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: over.signal });
    worker.postMessage(job);
  }).finally(() => over.abort());
}
