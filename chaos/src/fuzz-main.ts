import { runProgram } from '@forescale/cli/output';
import { createProgram } from './fuzz/program.ts';

process.exitCode = await runProgram(createProgram, process.argv.slice(2));
