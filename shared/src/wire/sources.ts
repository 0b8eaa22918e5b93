import { z } from 'zod';
import { type EventOrigin, encodeEvent, moment, rfc3339 } from './events.ts';

export const SOURCE_STATES = ['ok', 'stale', 'away', 'refusing'] as const;

/** How one source of samples is. */
export interface SourceHealth {
  /** Such as "kubernetes", "prometheus main", "nats", "otlp", "push". */
  readonly name: string;
  /**
   * `stale`: it can be asked, and of all or one of its signals nothing new came for three intervals; `refusing`: nothing of what
   * it said last can be taken.
   */
  readonly state: (typeof SOURCE_STATES)[number];
  /** Why it is not well, in one line; null: it is, or has said nothing at all. */
  readonly reason: string | null;
  /** The newest time that it said anything of; null: nothing yet. */
  readonly newestMs: number | null;
  /** How old that was when it came; below 0 its clock is ahead of ours. */
  readonly lagMs: number | null;
  /** Since the collector started. */
  readonly samples: number;
  readonly refused: number;
  readonly flagged: number;
}

const sourceData = z
  .object({
    name: z.string().min(1).max(128),
    state: z.enum(SOURCE_STATES),
    reason: z.string().max(500).nullable(),
    newest: moment.nullable(),
    lag_seconds: z.number().nullable(),
    samples: z.number().int().min(0),
    refused: z.number().int().min(0),
    flagged: z.number().int().min(0),
  })
  .transform(
    ({ newest, lag_seconds, ...rest }): SourceHealth => ({
      ...rest,
      newestMs: newest,
      lagMs: lag_seconds === null ? null : lag_seconds * 1_000,
    }),
  );

/** All sources of one collector. */
export const sourcesSchema = z.object({ collector: z.string().min(1).max(128), sources: z.array(sourceData).max(200) });

export type SourcesData = z.output<typeof sourcesSchema>;

export function describeSource({ newestMs, lagMs, reason, ...rest }: SourceHealth) {
  return {
    ...rest,
    reason: reason === null ? null : reason.slice(0, 500),
    newest: newestMs === null ? null : rfc3339(newestMs),
    lag_seconds: lagMs === null ? null : lagMs / 1_000,
  };
}

export function encodeSources(origin: EventOrigin, collector: string, sources: readonly SourceHealth[]): Uint8Array {
  return encodeEvent('sources', origin, { collector, sources: sources.map(describeSource) });
}
