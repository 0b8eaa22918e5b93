import type { Config } from '@forescale/shared/config';
import { parseDurationMs } from '@forescale/shared/time';
import { poolNamed, signalNamed } from '../commands/pool-named.ts';
import { numberOption, UsageError } from '../output/usage.ts';
import type { SeriesTags } from './imported.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 400;
const DAYS_DEFAULT = '28';
const QUERY_CHARS_MAX = 8_000;
const SOURCE = /^[\x21-\x5b\x5d-\x7e]{1,63}$/;

export interface ImportFlags {
  readonly config?: string;
  readonly pool?: string;
  readonly signal?: string;
  readonly source: string;
  readonly csv?: string;
  readonly prometheus?: string;
  readonly query?: string;
  readonly days?: string;
  readonly step?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly caFile?: string;
}

/** The series that imported samples go into, and how far apart its own are. */
export interface Target {
  readonly series: SeriesTags;
  readonly intervalMs: number;
}

export function targetOf(flags: ImportFlags, config: Config): Target {
  const pool = poolNamed(config.pools, '--pool', flags.pool);
  const signal = signalNamed(pool, '--signal', flags.signal);
  const series = { pool: pool.name, signal: signal.name, source: flags.source };
  if (SOURCE.test(flags.source)) return { series, intervalMs: signal.intervalMs };
  throw new UsageError(
    `--source = ${JSON.stringify(flags.source)}; allowed: 1 to 63 printable ASCII characters but the backslash`,
  );
}

export function queryOf({ query = '' }: ImportFlags): string {
  if (query.length >= 1 && query.length <= QUERY_CHARS_MAX) return query;
  const what = query === '' ? 'absent' : 'too long';
  throw new UsageError(`--query is ${what}; allowed: PromQL of 1 to ${QUERY_CHARS_MAX} characters`);
}

/** So many whole steps back from the newest, on multiples of the step. */
export function rangeOf({ days = DAYS_DEFAULT }: ImportFlags, stepMs: number, nowMs: number) {
  const spanMs = numberOption('--days', days, 0.01, DAYS_MAX) * DAY_MS;
  const toMs = Math.floor(nowMs / stepMs) * stepMs;
  return { fromMs: toMs - Math.floor(spanMs / stepMs) * stepMs, toMs, stepMs };
}

/** The distance of two samples that is asked for; null: none is. */
export function stepOf({ step }: ImportFlags): number | null {
  if (step === undefined) return null;
  const stepMs = parseDurationMs(step);
  if (stepMs !== null && stepMs >= 1_000 && stepMs <= DAY_MS) return stepMs;
  throw new UsageError(`--step = ${JSON.stringify(step)}; allowed: a duration from 1s to 1d, such as "60s"`);
}
