import type { OfferingConfig, PriceOrigin } from '@forescale/shared/config';

type Source = PriceOrigin['source'];

/** The least reliable first. */
const SOURCES: readonly Source[] = ['unknown', 'static', 'live', 'configured'];

const CONFIGURED: PriceOrigin = { source: 'configured', asOf: null, estimate: false };

/**
 * What sums of money over the offerings rest on: the least reliable source among them, its oldest day, and whether any
 * of it is an estimate. Of no offerings nothing is known.
 */
export interface PriceBasis extends PriceOrigin {
  /** How many offerings have their price from where. */
  readonly counts: Readonly<Record<Source, number>>;
}

export function priceOf(offering: Pick<OfferingConfig, 'price'>): PriceOrigin {
  return offering.price ?? CONFIGURED;
}

export function priceBasis(offerings: readonly Pick<OfferingConfig, 'price'>[]): PriceBasis {
  const prices = offerings.map(priceOf);
  const counts = { unknown: 0, static: 0, live: 0, configured: 0 };
  for (const { source } of prices) counts[source]++;
  const source = SOURCES.find((one) => counts[one] > 0) ?? 'unknown';
  const weakest = prices.filter((price) => price.source === source);
  const [oldest = null] = weakest.flatMap(({ asOf }) => (asOf === null ? [] : [asOf])).sort();
  return { source, asOf: oldest, estimate: weakest.some(({ estimate }) => estimate), counts };
}

/** "static 2026-07-20, estimated", "live 2026-11-26T04:00:00Z", "configured". */
export function priceWords({ source, asOf, estimate }: PriceOrigin): string {
  return `${source}${asOf === null ? '' : ` ${asOf}`}${estimate ? ', estimated' : ''}`;
}
