import type { NotApplicable } from '../capabilities.ts';

export const NOT_APPLICABLE: NotApplicable = {
  delayed: 'the API server shows at once what it has',
  fallback: 'a group makes machines of one kind; another kind is another group',
  interruption: 'Cluster API tells of none; what Nodes say themselves is heeded',
  prices: 'the configuration says what its machines cost',
};
