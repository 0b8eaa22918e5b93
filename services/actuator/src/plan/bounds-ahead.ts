import { type Bounds, boundsAt, type Override, type PoolConfig, type Sourced } from '@forescale/shared/config';

const MINUTE_MS = 60_000;

/**
 * How many nodes have to be there at least, given that what is ordered now comes at `untilMs`: the largest `min` in
 * force at any time in [nowMs, untilMs), so that a window finds its nodes Ready. The `max` in force now has the last
 * word. Windows and dates begin at whole minutes, so only those are asked.
 */
export function floorUntil(
  pool: PoolConfig,
  override: Override | null,
  now: Bounds,
  nowMs: number,
  untilMs: number,
): Sourced<number> {
  let floor = now.minNodes;
  if (pool.policies.length > 0 || override !== null) {
    for (let atMs = (Math.floor(nowMs / MINUTE_MS) + 1) * MINUTE_MS; atMs < untilMs; atMs += MINUTE_MS) {
      const { minNodes } = boundsAt(pool, atMs, override);
      if (minNodes.value > floor.value) floor = minNodes;
    }
  }
  return floor.value <= now.maxNodes.value ? floor : now.maxNodes;
}
