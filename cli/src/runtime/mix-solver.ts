import type { MixSolver } from '@forescale/actuator/plan';
import { loadMixSolver } from '@forescale/actuator/solver';
import type { PoolConfig } from '@forescale/shared/config';

/** Loaded only where a pool has machines to choose from: it takes some 50 MB. Null: they are chosen one by one. */
export async function solverFor(pools: readonly PoolConfig[]): Promise<MixSolver | null> {
  return pools.some((pool) => pool.offerings.length > 1) ? loadMixSolver() : null;
}
