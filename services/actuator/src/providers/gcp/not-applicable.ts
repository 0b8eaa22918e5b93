import type { NotApplicable } from '../capabilities.ts';

const PRICES = "Google's price catalogue prices cores and gigabytes, not machines";

/** Of single machines. */
export const MACHINES_NOT_APPLICABLE: NotApplicable = { prices: PRICES };

/** Of managed instance groups and node pools. */
export const GROUPS_NOT_APPLICABLE: NotApplicable = {
  prices: PRICES,
  fallback: 'a group sells one machine, as spot or on demand; the other is another group',
  lost: '',
};
