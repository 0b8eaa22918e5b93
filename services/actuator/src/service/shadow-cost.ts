import type { PoolConfig } from '@forescale/shared/config';
import {
  offeringsOf,
  type PlanReport,
  type ShadowState,
  type SignalReading,
  shadowNodes,
  startShadow,
  stepShadow,
  unitsOf,
} from '../plan/index.ts';

/** What a purely reactive autoscaler would cost beside the pool, from the same observed load and the same bounds. */
export class ShadowCost {
  #state: ShadowState | null = null;

  /** USD per hour now; null while no signal with a capacity has been observed. */
  step(readings: readonly SignalReading[], report: PlanReport, pool: PoolConfig): number | null {
    const { scaleDown } = pool;
    const demands = report.capacities.flatMap(({ signal, perNode }) => {
      const reading = readings.find((one) => one.signal === signal);
      return reading && perNode ? [reading.value / perNode] : [];
    });
    if (demands.length === 0) return null;
    const demandNodes = Math.max(...demands);
    const options = {
      leadTimeMs: report.leadTimeMs,
      unneededMs: scaleDown.unneededMs,
      minNodes: report.floor,
      maxNodes: report.ceiling,
    };
    const before = this.#state ?? startShadow(demandNodes, report.atMs, options);
    this.#state = stepShadow(before, demandNodes, report.atMs, options);
    const { ready, starting } = shadowNodes(this.#state);
    return (ready + starting) * usdPerNode(pool);
  }
}

/** The cheapest price of one template node's worth: on demand, since a reactive autoscaler buys that unless told else. */
function usdPerNode(pool: PoolConfig): number {
  const offerings = offeringsOf(pool);
  const onDemand = offerings.filter((one) => one.capacityType === 'on_demand');
  const prices = (onDemand.length > 0 ? onDemand : offerings).map(
    (one) => one.usdPerHour / unitsOf(one.allocatable, pool.template.allocatable),
  );
  const finite = prices.filter(Number.isFinite);
  return finite.length === 0 ? 0 : Math.min(...finite);
}
