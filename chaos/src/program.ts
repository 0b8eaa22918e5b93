import { startThreads } from '@forescale/bench/threads';
import { integerOption, startProgress, wordsTo, writeJson } from '@forescale/cli/output';
import { offeringId } from '@forescale/simulator/cloud';
import { Command } from 'commander';
import { drawSchedule } from './faults/draw-schedule.ts';
import { failureText, reportOf, reportText } from './report.ts';
import { type Day, runDay } from './run/run-day.ts';
import { verboseLog } from './verbose-log.ts';
import { clockOf, describeStorm } from './words.ts';
import { pool, START_MS } from './world/scenario.ts';

const RUNS_MAX = 1_000_000;
const SEED_MAX = 2 ** 31 - 1;

interface Flags {
  readonly runs: string;
  readonly seed: string;
  readonly threads: string;
  readonly journal: boolean;
  readonly verbose?: boolean;
  readonly json?: string;
}

/** Some runs failed; which, stands on stderr. */
class ChaosFailedError extends Error {
  override readonly name = 'ChaosFailedError';
}

export function createProgram(signal: AbortSignal): Command {
  return new Command('chaos')
    .description('Simulated days in which everything goes wrong, one for each seed; exits 1 when anything did not hold')
    .exitOverride()
    .showHelpAfterError('(see chaos --help)')
    .option('--runs <n>', 'how many days', '100')
    .option('--seed <n>', 'of the first day; the next days have the next seeds', '1')
    .option('--threads <n>', 'days at once', '2')
    .option('--without-journal', 'forget what was under way whenever a process dies: must find failures')
    .option('--verbose', 'print the faults that are drawn and all that happens')
    .option('--json <file>', 'where the result goes ("-": to stdout, and nothing else there)')
    .action((flags: Omit<Flags, 'journal'> & { readonly withoutJournal?: boolean }) =>
      chaos({ ...flags, journal: flags.withoutJournal !== true }, signal),
    );
}

async function chaos(flags: Flags, signal: AbortSignal): Promise<void> {
  const runs = integerOption('--runs', flags.runs, 1, RUNS_MAX);
  const first = integerOption('--seed', flags.seed, 0, SEED_MAX - runs);
  const threads = integerOption('--threads', flags.threads, 1, 64);
  const seeds = Array.from({ length: runs }, (_, i) => first + i);
  const words = wordsTo(flags.json);
  const startedMs = performance.now();
  const onDay = (day: Day) => {
    if (day.findings.length > 0) words.write(`${failureText(day, flags.journal ? '' : ' --without-journal')}\n`);
  };
  const write = (line: string) => void words.write(`${line}\n`);
  const days = flags.verbose
    ? await oneByOne(seeds, flags.journal, write, onDay, signal)
    : await onThreads(seeds, flags.journal, threads, onDay, signal);
  const report = reportOf(days);
  words.write(`${reportText(report, (performance.now() - startedMs) / 1_000)}\n`);
  if (flags.json !== undefined) await writeJson(flags.json, report);
  const { length } = report.failing_seeds;
  if (length > 0) throw new ChaosFailedError(`${length} of ${runs} days with failures`);
}

async function onThreads(
  seeds: readonly number[],
  hasJournal: boolean,
  count: number,
  onDay: (day: Day) => void,
  signal: AbortSignal,
): Promise<Day[]> {
  const days: Day[] = [];
  const onResult = (day: Day) => {
    days.push(day);
    onDay(day);
  };
  const progress = startProgress('chaos');
  const file = new URL('./thread.ts', import.meta.url);
  const threads = startThreads<{ seed: number; hasJournal: boolean }, Day>(count, file, null, signal);
  try {
    await threads.run(
      seeds.map((seed) => ({ job: { seed, hasJournal }, weight: 1, onResult })),
      (done, of) => progress.update(done, of),
    );
  } finally {
    progress.end();
    await threads.close();
  }
  return days;
}

async function oneByOne(
  seeds: readonly number[],
  hasJournal: boolean,
  write: (line: string) => void,
  onDay: (day: Day) => void,
  signal: AbortSignal,
): Promise<Day[]> {
  const days: Day[] = [];
  for (const seed of seeds) {
    signal.throwIfAborted();
    write(`seed ${seed}`);
    for (const storm of drawSchedule(seed, START_MS, pool.offerings.map(offeringId))) write(describeStorm(storm));
    const day = await runDay({
      seed,
      hasJournal,
      onSay: (timeMs, text) => write(`${clockOf(timeMs)} ${text}`),
      log: (name, nowMs) => verboseLog(name, nowMs, write),
    });
    days.push(day);
    onDay(day);
  }
  return days;
}
