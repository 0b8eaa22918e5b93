import { boundsAt } from '@forescale/shared/config';
import { CAPACITY_PER_NODE, pool } from './scenario.ts';

const MINUTE_MS = 60_000;

/** Pods do not fill nodes to the last, and a node that is used by half stays. */
export const SPARE_NODES_MAX = 2;

/**
 * How many nodes the load asks for within the bounds, by the minute, over the last `minutes`. The maximum is that of each
 * minute, or the one given: what a lower one held back is ordered when it rises.
 */
export function needs(nowMs: number, loadAt: (nowMs: number) => number, minutes: number, max?: number): number[] {
  return Array.from({ length: minutes + 1 }, (_, back) => {
    const timeMs = nowMs - back * MINUTE_MS;
    const { minNodes, maxNodes } = boundsAt(pool, timeMs, null);
    return Math.min(max ?? maxNodes.value, Math.max(minNodes.value, Math.ceil(loadAt(timeMs) / CAPACITY_PER_NODE)));
  });
}
