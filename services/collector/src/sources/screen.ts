import type { Sample } from '@forescale/shared/domain';
import { rfc3339 } from '@forescale/shared/wire';
import type { Measurement, Reading } from './source.ts';

/** A measurement may be this much ahead of our clock, for clocks that differ; more is a mistake of its unit or zone. */
const AHEAD_MS_MAX = 5 * 60_000;

export interface Screened {
  readonly samples: readonly Sample[];
  readonly refusals: readonly string[];
}

/** What of a reading is fit for the store, whichever source it is of, and in words why the rest is not. */
export function screen(reading: Reading, pools: ReadonlySet<string>, nowMs: number): Screened {
  const samples: Sample[] = [];
  const refusals = [...reading.refusals];
  for (const measurement of reading.measurements) {
    const reason = refusalOf(measurement, pools, nowMs);
    if (reason === null) samples.push(measurement);
    else refusals.push(`${measurement.pool}/${measurement.signal}: ${reason}`);
  }
  return { samples, refusals };
}

function refusalOf({ pool, timeMs }: Measurement, pools: ReadonlySet<string>, nowMs: number): string | null {
  if (!pools.has(pool)) return `pool = ${JSON.stringify(pool)}: allowed: ${[...pools].join(', ')}`;
  if (timeMs > nowMs + AHEAD_MS_MAX)
    return `time = ${rfc3339(timeMs)}: allowed: at most 5 min ahead of ${rfc3339(nowMs)}`;
  return null;
}
