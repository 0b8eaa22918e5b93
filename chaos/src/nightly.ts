import { runProgram } from '@forescale/cli/output';
import { createProgram } from './program.ts';

const RUNS = 10_000;
const DAY_MS = 86_400_000;

/** Other seeds every night, and the same when it is run again: those of the day's number. */
const seed = Math.floor(Date.now() / DAY_MS) * RUNS;
process.exitCode = await runProgram(createProgram, [
  ...['--runs', String(RUNS), '--seed', String(seed)],
  ...process.argv.slice(2),
]);
