import type { PoolConfig } from '@forescale/shared/config';
import { offeringsOf, type PlanState } from '../plan/index.ts';
import type { Cost } from './announce.ts';

interface Paid {
  readonly instanceType: string;
  readonly zone: string;
  readonly capacityType: 'on_demand' | 'spot';
  readonly usdPerHour: number;
}

/** Everything that is paid for now: nodes, and machines on their way. */
function paidFor({ nodes, starting }: PlanState): readonly Paid[] {
  return [...nodes, ...starting.map(({ offering }) => offering)];
}

export function usdByCapacity(state: PlanState): Cost['usdPerHour'] {
  const usd = { on_demand: 0, spot: 0 };
  for (const one of paidFor(state)) usd[one.capacityType] += one.usdPerHour;
  return usd;
}

export function nodesByCapacity(state: PlanState): Cost['nodes'] {
  const nodes = { on_demand: 0, spot: 0 };
  for (const one of paidFor(state)) nodes[one.capacityType]++;
  return nodes;
}

/**
 * What the same machines would cost with none of them bought as spot, in USD per hour; of the same type and zone, else of
 * the same type where it is cheapest. Null where a spot machine's type is not offered on demand: it is not guessed.
 */
export function onDemandUsdPerHour(state: PlanState, pool: PoolConfig): number | null {
  const offered = offeringsOf(pool).filter((one) => one.capacityType === 'on_demand');
  let usd = 0;
  for (const one of paidFor(state)) {
    const alike = offered.filter(({ instanceType }) => instanceType === one.instanceType);
    const near = alike.filter(({ zone }) => zone === one.zone);
    const prices = (near.length > 0 ? near : alike).map(({ usdPerHour }) => usdPerHour);
    if (one.capacityType === 'on_demand') usd += one.usdPerHour;
    else if (prices.length === 0) return null;
    else usd += Math.min(...prices);
  }
  return usd;
}
