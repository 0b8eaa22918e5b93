import type { OfferingConfig } from '@forescale/shared/config';
import { z } from 'zod';

/** Decimal text, such as "0.0113000000"; net is without value added tax. */
const price = z.object({ net: z.string().regex(/^\d{1,9}(\.\d{1,20})?$/) });
const perLocation = z.array(z.object({ location: z.string(), price_hourly: price })).max(100);

export const pricingSchema = z.object({
  pricing: z.object({
    currency: z.string().max(8),
    server_types: z.array(z.object({ name: z.string(), prices: perLocation })).max(1_000),
    primary_ips: z.array(z.object({ type: z.string(), prices: perLocation })).max(100),
  }),
});

export type Pricing = z.output<typeof pricingSchema>['pricing'];

/**
 * USD/h of each offering, net, with the public IPv4 address that it comes with; null: not sold there, or in a currency whose rate is not known.
 * 0.0113 EUR/h + 0.0008 EUR/h for the address, at 1.16 USD for a EUR: 0.0140 USD/h.
 */
export function usdPerHour(
  pricing: Pricing,
  offerings: readonly OfferingConfig[],
  { usdPerEur, ipv4 }: { readonly usdPerEur: number | null; readonly ipv4: boolean },
): readonly (number | null)[] {
  const rate = pricing.currency === 'USD' ? 1 : pricing.currency === 'EUR' ? usdPerEur : null;
  const address = pricing.primary_ips.find(({ type }) => type === 'ipv4')?.prices ?? [];
  return offerings.map(({ instanceType, zone, capacityType }) => {
    const prices = pricing.server_types.find(({ name }) => name === instanceType)?.prices ?? [];
    const server = netAt(prices, zone);
    if (rate === null || server === null || capacityType === 'spot') return null;
    return (server + (ipv4 ? (netAt(address, zone) ?? 0) : 0)) * rate;
  });
}

function netAt(prices: z.output<typeof perLocation>, zone: string): number | null {
  const found = prices.find(({ location }) => location === zone);
  return found ? Number(found.price_hourly.net) : null;
}
