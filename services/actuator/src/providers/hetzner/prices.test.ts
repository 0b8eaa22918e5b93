import type { OfferingConfig } from '@forescale/shared/config';
import { expect, it } from 'vitest';
import { type Pricing, usdPerHour } from './prices.ts';

const at = (location: string, net: string) => ({ location, price_hourly: { net } });
const pricing = (currency: string): Pricing => ({
  currency,
  server_types: [{ name: 'cx33', prices: [at('fsn1', '0.0136000000'), at('ash', '0.0200000000')] }],
  primary_ips: [
    { type: 'ipv6', prices: [at('fsn1', '9')] },
    { type: 'ipv4', prices: [at('fsn1', '0.0008')] },
  ],
});
const offering = (change: Partial<OfferingConfig> = {}): OfferingConfig => ({
  ...{ provider: '', instanceType: 'cx33', region: 'fsn1', zone: 'fsn1', capacityType: 'on_demand' },
  ...{ usdPerHour: 1, allocatable: null, interruption: null },
  ...change,
});

it.each<
  [what: string, currency: string, ipv4: boolean, usdPerEur: number | null, expected: readonly (number | null)[]]
>([
  ['in EUR, with an address', 'EUR', true, 1.16, [(0.0136 + 0.0008) * 1.16, 0.02 * 1.16, null, null]],
  ['in EUR, without', 'EUR', false, 1.16, [0.0136 * 1.16, 0.02 * 1.16, null, null]],
  ['in EUR, at no rate', 'EUR', true, null, [null, null, null, null]],
  ['in USD, whatever the rate', 'USD', false, 1.16, [0.0136, 0.02, null, null]],
  ['in another currency', 'CHF', false, 1.16, [null, null, null, null]],
])('prices of Hetzner %s', (_what, currency, ipv4, usdPerEur, expected) => {
  const offerings = [
    offering(),
    offering({ zone: 'ash' }),
    offering({ zone: 'hel1' }),
    offering({ instanceType: 'cx99' }),
  ];
  expect(usdPerHour(pricing(currency), offerings, { usdPerEur, ipv4 })).toEqual(expected);
  expect(usdPerHour(pricing(currency), [offering({ capacityType: 'spot' })], { usdPerEur, ipv4 })).toEqual([null]);
});
