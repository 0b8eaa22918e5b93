export { type FileSpoolOptions, openFileSpool } from './file-spool.ts';
export { type Spool, SpoolError, type SpooledBatch } from './spool.ts';
