export { readTrace, TraceError } from './read.ts';
