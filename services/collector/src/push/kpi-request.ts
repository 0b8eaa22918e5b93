import { decodeJson, kpiPushSchema, parseWire, WireError } from '@forescale/shared/wire';
import { z } from 'zod';
import type { Refused } from '../sources/screen.ts';
import type { Measurement } from '../sources/source.ts';

export const KPI_BYTES_MAX = 2 ** 20;
const KPIS_MAX = 5_000;

export interface KpiReading {
  readonly measurements: readonly Measurement[];
  /** The place that each of them has in the request. */
  readonly places: readonly number[];
  readonly refused: readonly Refused[];
}

const batch = z.array(z.unknown()).max(KPIS_MAX, { error: `allowed: at most ${KPIS_MAX} in one request` });

/** One KPI, or a list of them. What is no KPI is refused by its place, and takes none of the others with it. Throws `WireError`. */
export function decodeKpis(body: Uint8Array, arrivedMs: number): KpiReading {
  const raw = decodeJson(body, KPI_BYTES_MAX);
  const items = Array.isArray(raw) ? parseWire(raw, batch) : [raw];
  const measurements: Measurement[] = [];
  const places: number[] = [];
  const refused: Refused[] = [];
  for (const [index, item] of items.entries()) {
    try {
      const { time, unit, ...rest } = parseWire(item, kpiPushSchema);
      places.push(index);
      measurements.push({ ...rest, timeMs: time ?? arrivedMs, ...(unit ? { unit } : {}) });
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      refused.push({ index, reason: error.message });
    }
  }
  return { measurements, places, refused };
}
