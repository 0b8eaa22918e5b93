import { boundsAt } from '@forescale/shared/config';
import { CAPACITY_PER_NODE, pool } from './scenario.ts';

const MINUTE_MS = 60_000;

/** Pods do not fill nodes to the last, and a node that is used by half stays. */
export const SPARE_NODES_MAX = 2;

/** How many nodes the load asks for within the bounds, by the minute, over the last `minutes`. */
export function needs(nowMs: number, loadAt: (nowMs: number) => number, minutes: number): number[] {
  return Array.from({ length: minutes + 1 }, (_, back) => {
    const timeMs = nowMs - back * MINUTE_MS;
    const { minNodes, maxNodes } = boundsAt(pool, timeMs, null);
    return Math.min(maxNodes.value, Math.max(minNodes.value, Math.ceil(loadAt(timeMs) / CAPACITY_PER_NODE)));
  });
}
