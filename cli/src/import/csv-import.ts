import { sliceSeries } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import { readTrace } from '@forescale/shared/trace';
import { startProgress } from '../output/progress.ts';
import { UsageError } from '../output/usage.ts';
import type { Imported, SeriesTags } from './imported.ts';
import { writeHistory } from './write-history.ts';

/** Brings a recorded trace into the store, without what is older than `keptFromMs`. */
export async function importCsv(path: string, series: SeriesTags, store: Store, keptFromMs: number): Promise<Imported> {
  const trace = await readTrace(path);
  const kept = sliceSeries(trace, keptFromMs, Number.POSITIVE_INFINITY);
  const samples = kept.timesMs.length;
  const [firstMs] = kept.timesMs;
  if (firstMs === undefined) {
    const since = new Date(keptFromMs).toISOString();
    throw new UsageError(`${path}: all samples are older than the store's retention; allowed: newer than ${since}`);
  }
  const progress = startProgress('import');
  await writeHistory(store, series, kept, (done) => progress.update(done, samples));
  progress.end();
  return {
    samples,
    firstMs,
    lastMs: kept.timesMs.at(-1) ?? firstMs,
    tooOld: trace.timesMs.length - samples,
    goesOn: false,
  };
}
