import type { CapacityType } from '@forescale/shared/domain';
import type { Machine } from './machine.ts';

const HOUR_MS = 3_600_000;

interface Cost {
  readonly usd: number;
  readonly machineHours: number;
  /** What the machines of this moment cost. */
  readonly usdPerHour: number;
}

export type CostReport = Cost & { readonly byCapacityType: Readonly<Record<CapacityType, Cost>> };

/** Adds up what machines have cost: hours from the request to the end, times the price. Nothing is rounded up. */
export class CostMeter {
  readonly #ended: Record<CapacityType, { usd: number; machineHours: number }> = {
    on_demand: { usd: 0, machineHours: 0 },
    spot: { usd: 0, machineHours: 0 },
  };

  /** Takes a machine that has ended into the books; it is not to be passed to `report` any more. */
  close(machine: Machine, endedMs: number): void {
    const hours = (endedMs - machine.requestedMs) / HOUR_MS;
    const total = this.#ended[machine.offering.capacityType];
    total.machineHours += hours;
    total.usd += hours * machine.offering.usdPerHour;
  }

  report(alive: Iterable<Machine>, nowMs: number): CostReport {
    const by = {
      on_demand: { ...this.#ended.on_demand, usdPerHour: 0 },
      spot: { ...this.#ended.spot, usdPerHour: 0 },
    };
    for (const { offering, requestedMs } of alive) {
      const hours = (nowMs - requestedMs) / HOUR_MS;
      const total = by[offering.capacityType];
      total.machineHours += hours;
      total.usd += hours * offering.usdPerHour;
      total.usdPerHour += offering.usdPerHour;
    }
    return {
      usd: by.on_demand.usd + by.spot.usd,
      machineHours: by.on_demand.machineHours + by.spot.machineHours,
      usdPerHour: by.on_demand.usdPerHour + by.spot.usdPerHour,
      byCapacityType: by,
    };
  }
}
