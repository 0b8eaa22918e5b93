import type { Series } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import { startProgress } from '../output/progress.ts';

const BATCH = 5_000;

/** Writes a series into the store as the past of one signal. Written again it adds nothing. */
export async function writeHistory(
  store: Store,
  pool: string,
  signal: string,
  source: string,
  series: Series,
): Promise<void> {
  const progress = startProgress('import');
  const tags = { pool, signal, source };
  for (let from = 0; from < series.timesMs.length; from += BATCH) {
    const times = series.timesMs.subarray(from, from + BATCH);
    const points = Array.from(times, (timeMs, index) => ({
      measurement: 'kpi',
      tags,
      fields: { value: series.values[from + index] as number },
      timeMs,
    }));
    await store.write(points);
    progress.update(from + points.length, series.timesMs.length);
  }
  progress.end();
}
