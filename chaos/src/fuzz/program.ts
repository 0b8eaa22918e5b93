import { startNats } from '@forescale/bench/servers';
import { integerOption, startProgress, wordsTo, writeJson } from '@forescale/cli/output';
import { createNatsBus } from '@forescale/shared/bus';
import { Command } from 'commander';
import { type FuzzReport, fuzz } from './fuzz.ts';

/** What may live more at the end than after a fifth, when all that is kept for each series has been met. */
const GROWTH_MB_MAX = 8;

interface Flags {
  readonly payloads: string;
  readonly seed: string;
  readonly only?: string;
  readonly json?: string;
}

/** Something did not hold; what, stands on stderr. */
class FuzzFailedError extends Error {
  override readonly name = 'FuzzFailedError';
}

export function createProgram(signal: AbortSignal): Command {
  return new Command('fuzz')
    .description(
      'Malformed payloads at a collector, over NATS, OTLP and HTTP; exits 1 when one is not answered and counted, or memory grows',
    )
    .exitOverride()
    .showHelpAfterError('(see fuzz --help)')
    .option('--payloads <n>', 'how many', '100000')
    .option('--seed <n>', 'of everything that is drawn', '1')
    .option('--only <n>', 'the payload of this number alone: with the seed it is the same again')
    .option('--json <file>', 'where the result goes ("-": to stdout, and nothing else there)')
    .action((flags: Flags) => run(flags, signal));
}

async function run(flags: Flags, signal: AbortSignal): Promise<void> {
  const payloads = integerOption('--payloads', flags.payloads, 10, 1_000_000_000);
  const seed = integerOption('--seed', flags.seed, 0, 2 ** 31 - 1);
  const only = flags.only === undefined ? null : integerOption('--only', flags.only, 0, 1_000_000_000);
  const words = wordsTo(flags.json);
  const progress = startProgress('fuzz');
  const startedMs = performance.now();
  // What a bus in this process keeps would count as growth of the collector.
  const nats = await startNats();
  const bus = await createNatsBus({ servers: [nats.url], name: 'fuzz' });
  let report: FuzzReport;
  try {
    report = await fuzz({
      payloads: only === null ? payloads : 1,
      seed,
      only,
      signal,
      onProgress: progress.update,
      bus,
    });
  } finally {
    progress.end();
    await bus.close();
    await nats.stop();
  }
  words.write(describe(report, (performance.now() - startedMs) / 1_000));
  if (flags.json !== undefined) await writeJson(flags.json, report);
  const failures = [...report.failures, ...growthOf(report)];
  if (failures.length > 0) throw new FuzzFailedError(`seed ${seed}: ${failures.join('\n')}`);
}

function growthOf({ heapMb }: FuzzReport): string[] {
  const [, second = 0] = heapMb;
  const last = heapMb.at(-1) ?? 0;
  return last - second > GROWTH_MB_MAX ? [`memory grew from ${second} to ${last} MiB`] : [];
}

function describe({ rows, heapMb, rssMb, seed }: FuzzReport, seconds: number): string {
  const table = rows.map(
    ({ kind, sent, refused, accepted }) =>
      `${kind.padEnd(6)}${String(sent).padStart(9)}${String(refused).padStart(9)}${String(accepted).padStart(9)}`,
  );
  return [
    'kind       sent  refused accepted',
    ...table,
    `memory by tenth, MiB: alive ${heapMb.join(' ')}, resident ${rssMb.join(' ')}`,
    `seed ${seed}, ${seconds.toFixed(0)} s`,
    '',
  ].join('\n');
}
