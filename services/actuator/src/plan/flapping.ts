import type { PlanMemory } from './memory.ts';

/** A node that is wanted again so soon need not have left. */
const SOON_MS = 30 * 60_000;

/** What one plan lets go and what it wants, in nodes. */
export interface Turnover {
  /** Let go because they were not needed. */
  readonly left: number;
  /** Ordered, or kept from leaving, for a need: not in the place of machines that failed, were reclaimed or are replaced. */
  readonly wanted: number;
}

/** Counts the nodes that left within the last half hour and are wanted back, each once. */
export function countFlapping(
  memory: PlanMemory,
  { left, wanted }: Turnover,
  nowMs: number,
): { readonly memory: PlanMemory; readonly wantedBack: number } {
  const recent = memory.leftMs.filter((leftMs) => nowMs - leftMs <= SOON_MS);
  const wantedBack = Math.min(wanted, recent.length);
  const open = recent.slice(0, recent.length - wantedBack);
  const leftMs = [...open, ...Array.from({ length: left }, () => nowMs)];
  return { memory: { ...memory, leftMs }, wantedBack };
}
