import { formatDuration } from '@forescale/shared/time';
import type { Fleet } from './fleet.ts';
import type { PlanMemory } from './memory.ts';
import type { Reason } from './types.ts';

/** After so many machines in a row that came to nothing, more of them are not the answer. */
const FUTILE_MAX = 3;

/** One more is tried so long after the last of them was requested; the first one that serves lifts the cap. */
const PROBE_AFTER_MS = 30 * 60_000;

/**
 * When the machines were requested that came to nothing in a row: those that never came, and those whose node was Ready
 * and is not, of all that were requested after the youngest node that serves.
 */
function futileStarts(fleet: Fleet, memory: PlanMemory): number[] {
  let servesSinceMs = Number.NEGATIVE_INFINITY;
  for (const node of fleet.ready) if (node.owned) servesSinceMs = Math.max(servesSinceMs, node.createdMs);
  const broken = fleet.notReady.filter((node) => node.owned).map((node) => node.createdMs);
  return [...Object.values(memory.timedOutMs), ...broken].filter((requestedMs) => requestedMs > servesSinceMs);
}

/** How many machines may be ordered now; null: as many as the bounds allow. */
export function growthCap(fleet: Fleet, memory: PlanMemory, nowMs: number): { orders: number; why: Reason } | null {
  const futile = futileStarts(fleet, memory);
  if (futile.length < FUTILE_MAX) return null;
  const mayProbe = fleet.starting.length === 0 && nowMs - Math.max(...futile) >= PROBE_AFTER_MS;
  const text = `${futile.length} machines in a row came to nothing; one is tried every ${formatDuration(PROBE_AFTER_MS)} until one serves`;
  return { orders: mayProbe ? 1 : 0, why: { code: 'hold-futile-starts', text } };
}
