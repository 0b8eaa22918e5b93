import type { NotApplicable } from '../capabilities.ts';

const PRICES = 'the price catalogue knows cores and gigabytes, not machines';

/** Of single machines. */
export const NOT_APPLICABLE: NotApplicable = { prices: PRICES };

/** Of managed instance groups and node pools. */
export const GROUPS_NOT_APPLICABLE: NotApplicable = {
  fallback: 'a group is either spot or on demand; the other is another group',
  prices: PRICES,
};
