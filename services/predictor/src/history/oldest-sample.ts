import type { Store } from '@forescale/shared/store';
import type { SeriesConfig } from './series-shape.ts';

/** When the oldest sample of a signal within its history is from; null when there is none. */
export async function oldestSampleMs(
  store: Store,
  { pool, signal }: SeriesConfig,
  nowMs: number,
): Promise<number | null> {
  const [row] = await store.query({
    measurement: 'kpi',
    tags: { pool: pool.name, signal: signal.name },
    fields: ['value'],
    fromMs: nowMs - pool.forecast.historyMs,
    toMs: nowMs,
    order: 'ascending',
    limit: 1,
  });
  return row?.timeMs ?? null;
}
