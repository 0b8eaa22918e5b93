import type { Sample } from '@forescale/shared/domain';
import { rfc3339 } from '@forescale/shared/wire';
import type { Measurement } from './source.ts';

/** A measurement may be this much ahead of our clock, for clocks that differ; more is a mistake of its unit or zone. */
const AHEAD_MS_MAX = 5 * 60_000;

/** A measurement that is none, by its place in the reading, and why in words. */
export interface Refused {
  readonly index: number;
  readonly reason: string;
}

export interface Screened {
  readonly samples: readonly Sample[];
  readonly refused: readonly Refused[];
}

/** What is fit for the store, whichever source it is of, and in words why the rest is not. */
export function screen(measurements: readonly Measurement[], pools: ReadonlySet<string>, nowMs: number): Screened {
  const samples: Sample[] = [];
  const refused: Refused[] = [];
  for (const [index, measurement] of measurements.entries()) {
    const reason = refusalOf(measurement, pools, nowMs);
    if (reason === null) samples.push(measurement);
    else refused.push({ index, reason });
  }
  return { samples, refused };
}

function refusalOf({ pool, timeMs, value }: Measurement, pools: ReadonlySet<string>, nowMs: number): string | null {
  if (!pools.has(pool)) return `pool = ${JSON.stringify(pool)}: allowed: ${[...pools].join(', ')}`;
  if (timeMs > nowMs + AHEAD_MS_MAX)
    return `time = ${rfc3339(timeMs)}: allowed: at most 5 min ahead of ${rfc3339(nowMs)}`;
  return Number.isFinite(value) ? null : `value = ${value}: allowed: a finite number`;
}
