export { serve } from './serve.ts';
export { startThreads, type ThreadJob, type Threads } from './threads.ts';
