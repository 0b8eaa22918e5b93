import type { NotApplicable } from '../capabilities.ts';

export const NOT_APPLICABLE: NotApplicable = {
  prices: 'the configuration says what its machines cost',
};
