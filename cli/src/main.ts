#!/usr/bin/env node
import { runCli } from './program.ts';

// Whoever reads may leave when it has seen enough, as `head` does: what is written after that goes nowhere.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await runCli(process.argv.slice(2));
