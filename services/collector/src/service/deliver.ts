import type { Sample } from '@forescale/shared/domain';
import { type Point, type Store, StoreRejectedError } from '@forescale/shared/store';

interface Refusal {
  readonly sample: Sample;
  readonly reason: string;
}

export interface Delivery {
  readonly taken: readonly Sample[];
  readonly refusals: readonly Refusal[];
}

/**
 * Writes the samples that the store takes. One that it refuses would be refused for ever, and hold up all that come
 * with it and after it; so the batch is halved until it stands alone: 1 of 1,000 costs 20 more writes. Rejects with
 * `StoreUnavailableError`; part of the batch may be written then.
 */
export async function deliver(store: Store, batch: readonly Sample[]): Promise<Delivery> {
  try {
    await store.write(toPoints(batch));
    return { taken: batch, refusals: [] };
  } catch (error) {
    if (!(error instanceof StoreRejectedError)) throw error;
    const [sample] = batch;
    if (sample && batch.length === 1) return { taken: [], refusals: [{ sample, reason: error.message }] };
    if (batch.length <= 1) return { taken: [], refusals: [] };
    const half = batch.length >>> 1;
    const first = await deliver(store, batch.slice(0, half));
    const second = await deliver(store, batch.slice(half));
    return { taken: [...first.taken, ...second.taken], refusals: [...first.refusals, ...second.refusals] };
  }
}

/** Points of one series share their tags, so that the store need look at them once. */
function toPoints(batch: readonly Sample[]): Point[] {
  const tagsByName = new Map<string, Point['tags']>();
  let tags: Point['tags'] = {};
  return batch.map(({ pool, signal, source, timeMs, value, flags }) => {
    // Samples of a series often come in a row.
    if (tags.signal !== signal || tags.source !== source || tags.pool !== pool) {
      const name = `${pool} ${signal} ${source}`;
      tags = tagsByName.get(name) ?? { pool, signal, source };
      tagsByName.set(name, tags);
    }
    const fields = flags === undefined ? { value } : { value, flags: flags.join(',') };
    return { measurement: 'kpi', tags, fields, timeMs };
  });
}
