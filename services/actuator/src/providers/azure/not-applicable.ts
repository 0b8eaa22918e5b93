import type { NotApplicable } from '../capabilities.ts';

const EVICTION = 'Azure announces an eviction only to the machine itself (Scheduled Events, at most 30 s ahead).';

/** Of single machines. */
export const NOT_APPLICABLE: NotApplicable = { interruption: EVICTION };
