import { FINDING_KINDS, type FindingKind } from './observe/findings.ts';
import type { Day } from './run/run-day.ts';
import { clockOf } from './words.ts';

/** What all runs came to, as `--json` has it. */
export type ChaosReport = { readonly runs: number; readonly failing_seeds: readonly number[] } & Readonly<
  Record<FindingKind, number>
>;

export function reportOf(days: readonly Day[]): ChaosReport {
  const counts = Object.fromEntries(
    FINDING_KINDS.map((kind) => [kind, days.flatMap((day) => day.findings.filter((one) => one.kind === kind)).length]),
  ) as Record<FindingKind, number>;
  const failing = days.filter(({ findings }) => findings.length > 0).map(({ seed }) => seed);
  return { runs: days.length, ...counts, failing_seeds: failing.sort((a, b) => a - b) };
}

/** One line for each finding, with how to see it again. */
export function failureText({ seed, findings }: Day, flags: string): string {
  const lines = findings.map(({ kind, atMs, text }) => `  ${clockOf(atMs)} ${kind}: ${text}`);
  return [`seed ${seed} fails; replay: npm run chaos -- --seed ${seed} --runs 1${flags} --verbose`, ...lines].join(
    '\n',
  );
}

export function reportText(report: ChaosReport, seconds: number): string {
  const counts = FINDING_KINDS.map((kind) => `${report[kind]} ${kind.replace('_', ' ')}`).join(', ');
  const failing = report.failing_seeds.length;
  return `${report.runs} days in ${seconds.toFixed(0)} s, ${failing} of them with failures: ${counts}`;
}
