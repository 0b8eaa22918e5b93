import { serveJob } from '@forescale/predictor/training';
import type { ReplaySummary } from '@forescale/simulator/replay';
import { type ReplayJob, replayJob } from './replay-job.ts';

await serveJob<ReplayJob, ReplaySummary>((job) => replayJob(job));
