import type { CapacityVerdict } from './learn-capacity.ts';

/** Learned values this near to the one in use do not replace it, so that the plan does not follow their noise. */
const DEADBAND = 0.1;

/** So long after it was last confirmed a value is no longer trusted: releases change what a pod serves. */
const TRUSTED_MS = 7 * 86_400_000;

/** What a node carries of a signal, as learned, for as long as nothing speaks against it. Plain data. */
export interface KeptCapacity {
  readonly perNode: number;
  /** When a regression last came to about this value. */
  readonly confirmedMs: number;
  /** From what it was learned. */
  readonly why: string;
}

/**
 * The value to go on with: the one in use while what is learned anew is within 10 % of it, or cannot be told at present
 * (a constant load says nothing, and takes nothing back) and was confirmed within the last 7 days. Null: none.
 */
export function keepCapacity(
  before: KeptCapacity | null,
  learned: CapacityVerdict,
  nowMs: number,
): KeptCapacity | null {
  if (learned.perNode === null) return before !== null && nowMs - before.confirmedMs <= TRUSTED_MS ? before : null;
  const { perNode, why } = learned;
  const isNear = before !== null && Math.abs(perNode / before.perNode - 1) <= DEADBAND;
  return { perNode: isNear ? before.perNode : perNode, confirmedMs: nowMs, why };
}
