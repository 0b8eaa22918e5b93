import { join } from 'node:path';
import { startProgress, wordsTo, writeJson } from '@forescale/cli/output';
import { Command } from 'commander';
import { type Flags, textFlag } from './benchmark.ts';
import { machine, machineText } from './machine.ts';
import { checkWritable, makeResultsFolder, RESULTS } from './outputs.ts';
import { BENCHMARKS, type BenchmarkEntry } from './registry.ts';

export function createProgram(signal: AbortSignal): Command {
  const program = new Command('bench')
    .description('Measures Forescale; results as a table, and as JSON under bench/results/')
    .exitOverride()
    .showHelpAfterError('(see bench --help)');
  for (const entry of BENCHMARKS) {
    const command = program.command(entry.name).description(entry.summary);
    for (const [flags, description] of entry.options) command.option(flags, description);
    command
      .option('--json <file>', 'where the JSON goes ("-": to stdout, and nothing else there)')
      .action((flags: Flags) => measure(entry, flags, signal));
  }
  return program;
}

async function measure(entry: BenchmarkEntry, flags: Flags, signal: AbortSignal): Promise<void> {
  await makeResultsFolder();
  const json = textFlag(flags, 'json') ?? join(RESULTS, `${entry.name}.json`);
  if (json !== '-') await checkWritable('--json', json);
  const { run } = await entry.load();
  const bar = startProgress(`bench ${entry.name}`);
  const before = machine();
  const result = await run(flags, {
    signal,
    machine: before,
    progress: (done, of) => bar.update(done, of),
    say: (line) => process.stderr.write(`${line}\n`),
  }).finally(() => bar.end());
  const document = { machine: { ...before, load_after: machine().load }, rows: result.rows, summary: result.summary };
  await writeJson(json, document);
  wordsTo(json).write(`${machineText(before)} before and ${document.machine.load_after} after\n\n${result.words}\n`);
}
