import { z } from 'zod';
import { section, text } from '../issues.ts';
import { limits, limitsOf } from './limits.ts';

export const simulatedProvider = section({
  kind: z.literal('simulated'),
  /** Root of the simulated cluster's HTTP server. */
  url: z.url({ protocol: /^https?$/, error: 'allowed: an http(s) URL' }),
  /** File with the bearer token of its cloud; absent: it wants none, as on loopback. */
  token_file: text(/^\P{Cc}{1,4096}$/u, 'a path').optional(),
  ...limits,
}).transform((raw) => ({ kind: raw.kind, url: raw.url, tokenFile: raw.token_file ?? null, ...limitsOf(raw) }));
