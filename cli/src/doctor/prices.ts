import { priceBasis, priceWords } from '@forescale/actuator/plan';
import type { OfferingConfig, PoolConfig } from '@forescale/shared/config';
import type { Finding } from './finding.ts';

const TOLD_MAX = 5;

/** What the prices of a pool's offerings leave in doubt; whatever is bought is bought by them. */
export function checkPrices(pools: readonly PoolConfig[]): Finding[] {
  return pools.map((pool): Finding => {
    const finding = { check: 'price', subject: `pool ${pool.name}` } as const;
    const { offerings } = pool;
    if (offerings.length === 0) {
      const state = pool.mode === 'enforce' ? 'warn' : 'ok';
      return { ...finding, state, detail: 'no offerings: nothing can be bought' };
    }
    const doubts = offerings.flatMap((one) => doubtsOf(one, offerings));
    if (doubts.length === 0) return { ...finding, state: 'ok', detail: rangeOf(offerings) };
    const more = doubts.length > TOLD_MAX ? `; and ${doubts.length - TOLD_MAX} more` : '';
    return { ...finding, state: 'warn', detail: `${doubts.slice(0, TOLD_MAX).join('; ')}${more}` };
  });
}

function doubtsOf(offering: OfferingConfig, all: readonly OfferingConfig[]): string[] {
  const name = `${offering.instanceType} ${offering.capacityType} in ${offering.region}/${offering.zone}`;
  if (offering.usdPerHour === 0) return [`${name} has no price: it is always the cheapest`];
  if (offering.capacityType !== 'spot') return [];
  const onDemand = all.filter(({ capacityType, instanceType, region }) =>
    [capacityType === 'on_demand', instanceType === offering.instanceType, region === offering.region].every(Boolean),
  );
  if (onDemand.length === 0) return [`${name} has no on-demand offering to fall back on`];
  const cheapest = Math.min(...onDemand.map(({ usdPerHour }) => usdPerHour));
  if (cheapest > 0 && offering.usdPerHour >= cheapest)
    return [`${name} costs ${offering.usdPerHour} USD/h, and on demand ${cheapest}`];
  return [];
}

function rangeOf(offerings: readonly OfferingConfig[]): string {
  const prices = offerings.map(({ usdPerHour }) => usdPerHour);
  const basis = priceBasis(offerings);
  const from = basis.source === 'configured' ? '' : `, ${priceWords(basis)}`;
  return `${offerings.length} offering(s), ${Math.min(...prices)} to ${Math.max(...prices)} USD/h${from}`;
}
