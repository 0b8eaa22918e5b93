import { loadConfig, parseConfig, type SignalConfig } from '@forescale/shared/config';
import { sliceSeries } from '@forescale/shared/domain';
import { silentLog } from '@forescale/shared/telemetry';
import { parseDurationMs, systemClock } from '@forescale/shared/time';
import { readTrace } from '@forescale/shared/trace';
import { queryRange, type RangeQuery } from '../history/prometheus.ts';
import { writeHistory } from '../history/write-history.ts';
import { startProgress } from '../output/progress.ts';
import { httpUrlOption, numberOption, UsageError } from '../output/usage.ts';
import { openStore } from '../runtime/runtime.ts';
import { readToken } from '../runtime/secrets.ts';
import { poolNamed, signalNamed } from './pool-named.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 400;
const QUERY_CHARS_MAX = 8_000;
const SOURCE = /^[\x21-\x5b\x5d-\x7e]{1,128}$/;

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
}

interface Imported {
  readonly samples: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Samples (of a server: steps) of a time that the store does not keep. */
  readonly tooOld: number;
}

/** `forescale import`: fills the store with what was measured before, so that the first day is not blind. */
export async function importHistory(flags: ImportFlags, signal: AbortSignal): Promise<void> {
  const config =
    flags.config === undefined
      ? parseConfig('autoscaler: {}', 'default', {})
      : await loadConfig(flags.config, process.env);
  const pool = poolNamed(config.pools, '--pool', flags.pool);
  const target = signalNamed(pool, '--signal', flags.signal);
  if (!SOURCE.test(flags.source)) {
    throw new UsageError(`--source = ${JSON.stringify(flags.source)}; allowed: 1 to 128 printable ASCII characters`);
  }
  const read = await readerOf(flags, target, signal);
  const store = await openStore(config, systemClock, silentLog());
  try {
    // A simulated clock knows no age; the real one has the store let go of what is too old.
    const keptFromMs = config.clock.source === 'system' ? systemClock.nowMs() - config.store.retentionMs : 0;
    const { samples, firstMs, lastMs, tooOld } = await read(
      (series) => writeHistory(store, pool.name, target.name, flags.source, series),
      keptFromMs,
    );
    const time = (ms: number) => new Date(ms).toISOString();
    process.stdout.write(`${samples} samples into ${pool.name}/${target.name}, ${time(firstMs)} to ${time(lastMs)}\n`);
    if (tooOld > 0) {
      const were = tooOld === 1 ? '1 sample' : `${tooOld} samples`;
      process.stdout.write(`${were} older than the store's retention ${tooOld === 1 ? 'was' : 'were'} left out\n`);
    }
  } finally {
    await store.close();
  }
}

type Write = (series: Parameters<typeof writeHistory>[4]) => Promise<void>;
/** Reads all there is, and hands it on part by part; what is older than `keptFromMs` stays out. */
type Reader = (write: Write, keptFromMs: number) => Promise<Imported>;

/** What is wrong with the flags is said before anything is opened. */
async function readerOf(flags: ImportFlags, target: SignalConfig, signal: AbortSignal): Promise<Reader> {
  if ((flags.csv === undefined) === (flags.prometheus === undefined)) {
    throw new UsageError('import needs one source; allowed: --csv FILE, or --prometheus URL with --query and --days');
  }
  if (flags.csv === undefined) return fromPrometheus(await rangeOf(flags, target, signal));
  const path = flags.csv;
  return async (write, keptFromMs) => {
    const trace = await readTrace(path);
    const kept = sliceSeries(trace, keptFromMs, Number.POSITIVE_INFINITY);
    const [firstMs] = kept.timesMs;
    if (firstMs === undefined) {
      const since = new Date(keptFromMs).toISOString();
      throw new UsageError(`${path}: all samples are older than the store's retention; allowed: newer than ${since}`);
    }
    await write(kept);
    const samples = kept.timesMs.length;
    return { samples, firstMs, lastMs: kept.timesMs.at(-1) ?? firstMs, tooOld: trace.timesMs.length - samples };
  };
}

function fromPrometheus(asked: RangeQuery): Reader {
  return async (write, keptFromMs) => {
    // The first step that the store keeps; what is older it would only drop.
    const left = Math.max(0, Math.ceil((keptFromMs - asked.fromMs) / asked.stepMs));
    const range = { ...asked, fromMs: asked.fromMs + left * asked.stepMs };
    if (range.fromMs > range.toMs) {
      const since = new Date(keptFromMs).toISOString();
      throw new UsageError(`--step is longer than the store's retention; allowed: a step with samples after ${since}`);
    }
    const progress = startProgress('prometheus');
    let samples = 0;
    let firstMs = Number.NaN;
    let lastMs = Number.NaN;
    for await (const part of queryRange(range)) {
      await write(part);
      samples += part.timesMs.length;
      if (Number.isNaN(firstMs)) firstMs = part.timesMs[0] ?? Number.NaN;
      lastMs = part.timesMs.at(-1) ?? lastMs;
      progress.update((Number.isNaN(lastMs) ? range.fromMs : lastMs) - range.fromMs, range.toMs - range.fromMs);
    }
    progress.end();
    if (samples === 0) {
      throw new UsageError(
        `--query = ${JSON.stringify(range.query)}: no samples; allowed: a query that has some in those days`,
      );
    }
    return { samples, firstMs, lastMs, tooOld: left };
  };
}

async function rangeOf(flags: ImportFlags, target: SignalConfig, signal: AbortSignal): Promise<RangeQuery> {
  const { query = '', days, step } = flags;
  const server = httpUrlOption('--prometheus', flags.prometheus ?? '');
  if (query.length < 1 || query.length > QUERY_CHARS_MAX) {
    throw new UsageError(
      `--query is ${query === '' ? 'absent' : 'too long'}; allowed: PromQL of 1 to ${QUERY_CHARS_MAX} characters`,
    );
  }
  if (days === undefined) throw new UsageError(`--days is absent; allowed: a number from 0.01 to ${DAYS_MAX}`);
  const spanMs = numberOption('--days', days, 0.01, DAYS_MAX) * DAY_MS;
  const stepMs = step === undefined ? target.intervalMs : stepOf(step);
  const toMs = Math.floor(systemClock.nowMs() / stepMs) * stepMs;
  const steps = Math.floor(spanMs / stepMs);
  const token = await readToken('--token-file', flags.tokenFile ?? null);
  return { server, query, fromMs: toMs - steps * stepMs, toMs, stepMs, token, signal };
}

function stepOf(text: string): number {
  const stepMs = parseDurationMs(text);
  if (stepMs !== null && stepMs >= 1_000 && stepMs <= DAY_MS) return stepMs;
  throw new UsageError(`--step = ${JSON.stringify(text)}; allowed: a duration from 1s to 1d, such as "60s"`);
}
