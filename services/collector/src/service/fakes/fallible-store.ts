import {
  createSqliteStore,
  type Point,
  type Store,
  StoreRejectedError,
  StoreUnavailableError,
} from '@forescale/shared/store';

/** A store in memory that can be away, and refuses what a test says: as InfluxDB does beyond its retention. */
export interface FallibleStore extends Store {
  away: boolean;
  refuses: (point: Point) => boolean;
  /** Calls of `write` so far, failed ones included. */
  writes: number;
}

export async function createFallibleStore(): Promise<FallibleStore> {
  const store = await createSqliteStore({ path: ':memory:' });
  const fallible: FallibleStore = {
    away: false,
    refuses: () => false,
    writes: 0,
    async write(points) {
      fallible.writes++;
      if (fallible.away) throw new StoreUnavailableError('ECONNREFUSED');
      const refused = points.filter(fallible.refuses);
      // The others are written all the same: when it rejects, any part may have been.
      await store.write(points.filter((point) => !fallible.refuses(point)));
      if (refused.length > 0) throw new StoreRejectedError(`partial write: ${refused.length} points dropped`);
    },
    query: (query) => store.query(query),
    series: (measurement) => store.series(measurement),
    health: () => store.health(),
    close: () => store.close(),
  };
  return fallible;
}
