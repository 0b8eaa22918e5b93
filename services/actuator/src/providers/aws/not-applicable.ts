import type { NotApplicable } from '../capabilities.ts';

export const NOT_APPLICABLE: NotApplicable = {};

/** Of auto scaling groups. */
export const GROUPS_NOT_APPLICABLE: NotApplicable = {};
