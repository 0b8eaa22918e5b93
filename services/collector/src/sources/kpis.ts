import type { BusMessage } from '@forescale/shared/bus';
import { decodeKpi, WireError } from '@forescale/shared/wire';
import type { Measurement, Reading } from './source.ts';

/** What applications say on `forescale.v1.kpi.>`. Without a time of its own a KPI is of `arrivedMs`. */
export function readKpis(batch: readonly BusMessage[], arrivedMs: number): Reading {
  const measurements: Measurement[] = [];
  const refusals: string[] = [];
  for (const { subject, data } of batch) {
    try {
      measurements.push(decodeKpi(subject, data, arrivedMs));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      refusals.push(`${subject}: ${error.message}`);
    }
  }
  return { measurements, refusals };
}
