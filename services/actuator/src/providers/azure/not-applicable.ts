import type { NotApplicable } from '../capabilities.ts';

const EVICTION = 'Azure announces an eviction only to the machine itself (Scheduled Events, at most 30 s ahead).';

/** Of machines made one by one. */
export const NOT_APPLICABLE: NotApplicable = { interruption: EVICTION };

/** Of scale sets and agent pools. */
export const GROUPS_NOT_APPLICABLE: NotApplicable = {
  interruption: EVICTION,
  fallback: 'A group makes one kind of machine: falling back is buying from another group.',
};
