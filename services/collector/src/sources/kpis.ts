import type { BusMessage } from '@forescale/shared/bus';
import type { Sample } from '@forescale/shared/domain';
import { decodeKpi, rfc3339, WireError } from '@forescale/shared/wire';

/** A KPI may be this much ahead of our clock, for clocks that differ; more is a mistake of its unit or zone. */
const AHEAD_MS_MAX = 5 * 60_000;

/** The samples in a batch of KPIs, and in words why each of the others is none. */
export function acceptKpis(
  batch: readonly BusMessage[],
  pools: ReadonlySet<string>,
  nowMs: number,
): { readonly samples: readonly Sample[]; readonly refusals: readonly string[] } {
  const samples: Sample[] = [];
  const refusals: string[] = [];
  for (const message of batch) {
    try {
      samples.push(accept(message, pools, nowMs));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      refusals.push(`${message.subject}: ${error.message}`);
    }
  }
  return { samples, refusals };
}

function accept(message: BusMessage, pools: ReadonlySet<string>, nowMs: number): Sample {
  const sample = decodeKpi(message.subject, message.data, nowMs);
  if (!pools.has(sample.pool)) {
    throw new WireError(`pool = ${JSON.stringify(sample.pool)}: allowed: ${[...pools].join(', ')}`);
  }
  if (sample.timeMs > nowMs + AHEAD_MS_MAX) {
    throw new WireError(`time = ${rfc3339(sample.timeMs)}: allowed: at most 5 min ahead of ${rfc3339(nowMs)}`);
  }
  return sample;
}
