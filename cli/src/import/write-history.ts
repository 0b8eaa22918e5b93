import type { Series } from '@forescale/shared/domain';
import type { Store } from '@forescale/shared/store';
import type { SeriesTags } from './imported.ts';

const BATCH = 5_000;

/** Writes a part of the past of one series into the store. Written again it adds nothing. */
export async function writeHistory(
  store: Store,
  { pool, signal, source }: SeriesTags,
  { timesMs, values }: Series,
  onBatch: (samples: number) => void = () => {},
): Promise<void> {
  const tags = { pool, signal, source };
  for (let from = 0; from < timesMs.length; from += BATCH) {
    const times = timesMs.subarray(from, from + BATCH);
    const points = Array.from(times, (timeMs, index) => ({
      measurement: 'kpi',
      tags,
      fields: { value: values[from + index] as number },
      timeMs,
    }));
    await store.write(points);
    onBatch(from + points.length);
  }
}
