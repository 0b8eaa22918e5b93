import { z } from 'zod';
import { section } from '../issues.ts';
import { limits, limitsOf } from './limits.ts';

export const simulatedProvider = section({
  kind: z.literal('simulated'),
  /** Root of the simulated cluster's HTTP server. */
  url: z.url({ protocol: /^https?$/, error: 'allowed: an http(s) URL' }),
  ...limits,
}).transform((raw) => ({ kind: raw.kind, url: raw.url, ...limitsOf(raw) }));
