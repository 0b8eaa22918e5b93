import { parentPort } from 'node:worker_threads';
import type { Answer } from './threads.ts';

/** The thread's side: answers each job that comes, one after the other. */
export function serve<Job, Result>(run: (job: Job, onShare: (share: number) => void) => Promise<Result>): void {
  const port = parentPort;
  if (!port) throw new Error('this file runs in a worker thread only');
  const tell = (answer: Answer<Result>) => port.postMessage(answer);
  port.on('message', async (job: Job) => {
    try {
      tell({ kind: 'done', result: await run(job, (share) => tell({ kind: 'progress', share })) });
    } catch (error) {
      tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  });
}
