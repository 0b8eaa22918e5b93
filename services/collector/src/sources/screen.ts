import type { Sample } from '@forescale/shared/domain';
import { rfc3339 } from '@forescale/shared/wire';
import type { Measurement } from './source.ts';

/** A measurement may be this much ahead of our clock, for clocks that differ; more is a mistake of its unit or zone. */
const AHEAD_MS_MAX = 5 * 60_000;
const DATE_MS_MAX = 8.64e15;

/** A measurement that is none, by its place in the reading, and why in words. */
export interface Refused {
  readonly index: number;
  readonly reason: string;
}

/** What a reading comes to. */
export interface Screened {
  readonly samples: readonly Sample[];
  readonly refused: readonly Refused[];
}

/** The places of those that are of a pool and a time that there are, and in words why the others are not. */
export function screen(
  measurements: readonly Measurement[],
  pools: ReadonlySet<string>,
  nowMs: number,
): { readonly fit: readonly number[]; readonly refused: readonly Refused[] } {
  const fit: number[] = [];
  const refused: Refused[] = [];
  for (const [index, measurement] of measurements.entries()) {
    const reason = refusalOf(measurement, pools, nowMs);
    if (reason === null) fit.push(index);
    else refused.push({ index, reason });
  }
  return { fit, refused };
}

function refusalOf({ pool, timeMs, value }: Measurement, pools: ReadonlySet<string>, nowMs: number): string | null {
  if (!pools.has(pool)) return `pool = ${JSON.stringify(pool)}: allowed: ${[...pools].join(', ')}`;
  return refusalOfTime(timeMs, nowMs) ?? (Number.isFinite(value) ? null : `value = ${value}: allowed: a finite number`);
}

/** Why nothing can be of this time, in words; null: something can. */
export function refusalOfTime(timeMs: number, nowMs: number): string | null {
  // Beyond it there is no date to say.
  if (!(timeMs >= 0 && timeMs <= DATE_MS_MAX)) return `time = ${timeMs} ms: allowed: a time from 1970 on`;
  if (timeMs <= nowMs + AHEAD_MS_MAX) return null;
  return `time = ${rfc3339(timeMs)}: allowed: at most 5 min ahead of ${rfc3339(nowMs)}`;
}
