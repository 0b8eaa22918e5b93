import type { NotApplicable } from '../capabilities.ts';

export const NOT_APPLICABLE: NotApplicable = {
  pagination: 'the engine lists all its containers in one answer',
  delayed: 'the engine shows a container as soon as it is made',
  quota: 'an engine has no quota',
  throttled: 'an engine limits no calls',
  fallback: 'a container is never spot',
  interruption: 'nobody takes a container back',
  prices: 'a container costs nothing that the engine knows',
};
