import type { Series } from '@forescale/shared/domain';
import { type PrometheusClient, PrometheusQueryError, queryHistory, type Range } from '@forescale/shared/prometheus';
import type { Store } from '@forescale/shared/store';
import { systemClock } from '@forescale/shared/time';
import { startProgress } from '../output/progress.ts';
import { UsageError } from '../output/usage.ts';
import type { Imported, SeriesTags } from './imported.ts';
import { ImportJournal } from './journal.ts';
import { writeHistory } from './write-history.ts';

/** One query, and where its history goes. */
export interface QueryImport {
  readonly client: PrometheusClient;
  readonly query: string;
  /** As messages name the query: an option, or a place of the configuration. */
  readonly field: string;
  readonly series: SeriesTags;
  readonly range: Range;
}

export interface ImportParts {
  readonly store: Store;
  readonly dataDir: string;
  /** What is older the store does not keep. */
  readonly keptFromMs: number;
  readonly signal: AbortSignal;
}

/** Brings the history of a query into the store; what an earlier run has brought is not asked for again. */
export async function importQuery(work: QueryImport, parts: ImportParts): Promise<Imported> {
  const { client, query, field, series } = work;
  const { range, tooOld } = keptRange(work.range, parts.keptFromMs);
  const { stepMs } = range;
  const journal = new ImportJournal(parts.dataDir, { server: client.server, query, stepMs, ...series });
  const missing = await journal.begin(range, (timeMs) => isStored(parts.store, series, timeMs));
  const imported = { samples: 0, firstMs: Number.NaN, lastMs: Number.NaN, tooOld, goesOn: missing[0] !== range };
  const progress = startProgress(`${series.pool}/${series.signal}`);
  const of = missing.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs + stepMs, 0);
  let done = 0;
  const options = { clock: systemClock, signal: parts.signal };
  const each = missing.map((one) => queryHistory(client, query, one, options));
  try {
    for (const history of each) {
      for await (const part of history) {
        await writeHistory(parts.store, series, part.series);
        await journal.done(part);
        take(imported, part.series);
        done += part.toMs - part.fromMs + stepMs;
        progress.update(done, of);
      }
    }
  } catch (error) {
    throw error instanceof PrometheusQueryError
      ? new UsageError(`${field} = ${JSON.stringify(query)}: ${error.message}`)
      : error;
  } finally {
    progress.end();
  }
  await journal.end();
  if (imported.samples > 0 || imported.goesOn) return imported;
  throw new UsageError(`${field} = ${JSON.stringify(query)}: no samples; allowed: a query that has some in those days`);
}

/** Parts come the newest first. */
function take(imported: { samples: number; firstMs: number; lastMs: number }, { timesMs }: Series): void {
  const [firstMs] = timesMs;
  if (firstMs === undefined) return;
  imported.samples += timesMs.length;
  if (!(imported.firstMs <= firstMs)) imported.firstMs = firstMs;
  const lastMs = timesMs.at(-1) as number;
  if (!(imported.lastMs >= lastMs)) imported.lastMs = lastMs;
}

async function isStored(store: Store, { pool, signal, source }: SeriesTags, timeMs: number): Promise<boolean> {
  const tags = { pool, signal, source };
  const query = { measurement: 'kpi', tags, fields: ['value'], fromMs: timeMs - 1, toMs: timeMs, limit: 1 } as const;
  return (await store.query(query)).length > 0;
}

/** Without the steps that the store would only drop. */
function keptRange({ fromMs, toMs, stepMs }: Range, keptFromMs: number) {
  const tooOld = Math.max(0, Math.ceil((keptFromMs - fromMs) / stepMs));
  const range = { fromMs: fromMs + tooOld * stepMs, toMs, stepMs };
  if (range.fromMs <= toMs) return { range, tooOld };
  const since = new Date(keptFromMs).toISOString();
  throw new UsageError(`--step is longer than the store's retention; allowed: a step with samples after ${since}`);
}
