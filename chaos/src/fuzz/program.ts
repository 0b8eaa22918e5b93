import { startNats } from '@forescale/bench/servers';
import { integerOption, startProgress, wordsTo, writeJson } from '@forescale/cli/output';
import { createNatsBus } from '@forescale/shared/bus';
import { Command } from 'commander';
import { type FuzzReport, fuzz } from './fuzz.ts';

interface Flags {
  readonly payloads: string;
  readonly seed: string;
  readonly json?: string;
}

/** Something did not hold; what, stands on stderr. */
class FuzzFailedError extends Error {
  override readonly name = 'FuzzFailedError';
}

export function createProgram(signal: AbortSignal): Command {
  return new Command('fuzz')
    .description(
      'Malformed payloads at a collector, over NATS, OTLP and HTTP; exits 1 when one is not refused and counted',
    )
    .exitOverride()
    .showHelpAfterError('(see fuzz --help)')
    .option('--payloads <n>', 'how many', '100000')
    .option('--seed <n>', 'of everything that is drawn', '1')
    .option('--json <file>', 'where the result goes ("-": to stdout, and nothing else there)')
    .action((flags: Flags) => run(flags, signal));
}

async function run(flags: Flags, signal: AbortSignal): Promise<void> {
  const payloads = integerOption('--payloads', flags.payloads, 10, 1_000_000_000);
  const seed = integerOption('--seed', flags.seed, 0, 2 ** 31 - 1);
  const words = wordsTo(flags.json);
  const progress = startProgress('fuzz');
  const startedMs = performance.now();
  // What a bus in this process keeps would count as growth of the collector.
  const nats = await startNats();
  const bus = await createNatsBus({ servers: [nats.url], name: 'fuzz' });
  let report: FuzzReport;
  try {
    report = await fuzz({ payloads, seed, signal, onProgress: progress.update, bus });
  } finally {
    progress.end();
    await bus.close();
    await nats.stop();
  }
  words.write(describe(report, (performance.now() - startedMs) / 1_000));
  if (flags.json !== undefined) await writeJson(flags.json, report);
  if (report.failures.length > 0) throw new FuzzFailedError(`seed ${seed}: ${report.failures.join('\n')}`);
}

function describe({ rows, rssMb, seed }: FuzzReport, seconds: number): string {
  const lines = rows.map(
    ({ kind, sent, refused, valid }) =>
      `${kind.padEnd(6)}${String(sent).padStart(9)} sent ${String(refused).padStart(9)} refused ${String(valid).padStart(9)} valid all the same`,
  );
  return `${lines.join('\n')}\nmemory by tenth, MiB: ${rssMb.join(' ')}\nseed ${seed}, ${seconds.toFixed(0)} s\n`;
}
