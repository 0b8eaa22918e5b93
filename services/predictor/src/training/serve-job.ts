import { parentPort, workerData } from 'node:worker_threads';
import type { OnProgress, WorkerMessage } from './messages.ts';

/**
 * The worker's side of a trainer: runs the job that the worker was started for, and reports progress, result or
 * error. A worker file calls it once; the result must survive a structured clone.
 */
export async function serveJob<Job, Result>(run: (job: Job, onProgress: OnProgress) => Promise<Result>): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('a training job runs in a worker thread only');
  const tell = (message: WorkerMessage) => port.postMessage(message);
  try {
    tell({ kind: 'done', result: await run(workerData as Job, (done, of) => tell({ kind: 'progress', done, of })) });
  } catch (error) {
    const known = error instanceof Error ? error : new Error(String(error));
    tell({ kind: 'failed', causeName: known.name, message: known.message });
  }
}
