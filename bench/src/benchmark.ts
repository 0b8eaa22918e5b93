import type { Machine } from './machine.ts';

/** One measurement: flat, so that a table, a picture or a spreadsheet can take it as it is. */
export type Row = Readonly<Record<string, string | number | null>>;

interface BenchResult {
  /** All of one run. */
  readonly rows: readonly Row[];
  /** What follows from the rows: means, intervals, verdicts. */
  readonly summary: readonly Row[];
  /** The table for people. */
  readonly words: string;
}

/** The options as commander parsed them: texts, lists of texts, switches. */
export type Flags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** What a benchmark is given to work with. */
export interface Stage {
  readonly machine: Machine;
  readonly signal: AbortSignal;
  /** Tells how far it is, as a share of all that is to be done. */
  readonly progress: (done: number, of: number) => void;
  /** A line for people while it runs, such as what is left out and why. */
  readonly say: (line: string) => void;
}

/** A benchmark: a file that exports a `run` of this type, listed in the registry. */
export type RunBenchmark = (flags: Flags, stage: Stage) => Promise<BenchResult>;

export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

export function listFlag(flags: Flags, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? value : [];
}
