import { setTimeout } from 'node:timers/promises';
import { serveJob } from './serve-job.ts';

/** What the tests ask of a worker. */
export type TestJob =
  | { readonly kind: 'sum'; readonly values: Float64Array }
  | { readonly kind: 'throw' }
  | { readonly kind: 'spin' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'hoard' }
  | { readonly kind: 'exit' };

await serveJob<TestJob, number>(async (job, onProgress) => {
  switch (job.kind) {
    case 'sum':
      onProgress(1, 2);
      onProgress(2, 2);
      return job.values.reduce((sum, value) => sum + value, 0);
    case 'throw':
      throw new RangeError('nothing to learn from');
    case 'spin':
      onProgress(0, 1);
      for (;;);
    case 'wait':
      onProgress(0, 1);
      await setTimeout(600_000);
      return 0;
    case 'hoard': {
      const hoard: number[][] = [];
      for (;;) hoard.push(Array.from({ length: 10_000 }, (_, i) => i + 0.5));
    }
    case 'exit':
      return process.exit(3);
  }
});
