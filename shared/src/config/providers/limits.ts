import { integer, number } from '../issues.ts';

/** How fast and how often an account may be called; in the configuration of every provider that calls one. */
export const limits = {
  concurrency: integer(1, 1_000).default(100),
  /** Absent: as fast as answers come. */
  rate_per_second: number(0.1, 10_000).optional(),
};

export interface ProviderLimits {
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Calls a second; null: unlimited. */
  readonly ratePerSecond: number | null;
}

export function limitsOf(raw: {
  readonly concurrency: number;
  readonly rate_per_second?: number | undefined;
}): ProviderLimits {
  return { concurrency: raw.concurrency, ratePerSecond: raw.rate_per_second ?? null };
}
