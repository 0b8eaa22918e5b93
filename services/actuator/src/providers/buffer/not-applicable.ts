import type { NotApplicable } from '../capabilities.ts';

const NO_MACHINES = 'it makes no machines: it asks whoever owns the nodes for room';

export const NOT_APPLICABLE: NotApplicable = {
  concurrent: NO_MACHINES,
  partial: NO_MACHINES,
  pagination: NO_MACHINES,
  delayed: NO_MACHINES,
  capacity: 'whoever owns the nodes meets it',
  quota: 'whoever owns the nodes meets it',
  fallback: 'whoever owns the nodes chooses the machines',
  interruption: 'whoever owns the nodes heeds them',
  terminate: NO_MACHINES,
  tagged: NO_MACHINES,
  garbage: NO_MACHINES,
  prices: 'the configuration says what its machines cost',
};
