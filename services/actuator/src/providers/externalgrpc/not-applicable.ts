import type { NotApplicable } from '../capabilities.ts';

export const notApplicable: NotApplicable = {
  pagination: 'the interface has no pages: a group is listed whole',
  interruption: 'the interface tells of no interruptions: a machine that is taken back is seen as a node that is gone',
  tagged: 'machines carry no tags: those of the groups in the configuration are ours, and no others are listed',
};
