import type { NotApplicable } from '../capabilities.ts';

export const NOT_APPLICABLE: NotApplicable = {
  fallback: 'Hetzner has no spot machines',
  interruption: 'Hetzner gives no notice of a server that goes',
};
