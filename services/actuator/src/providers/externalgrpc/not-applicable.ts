import type { NotApplicable } from '../capabilities.ts';

export const NOT_APPLICABLE: NotApplicable = {
  pagination: 'the interface has no pages: a group is listed whole',
  fallback: 'a group is of one capacity type: what it cannot deliver is planned for anew, from another group',
  interruption: 'the interface tells of no interruptions: a machine that is taken back is a node that falls silent',
};
