import type { OfferingConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { sendJson } from '../http.ts';
import { parsed } from './arm.ts';
import { azureError } from './errors.ts';

const API_VERSION = '2023-01-01-preview';

/** A size has some ten meters: Linux and Windows, on demand, spot and low priority, and those of days to come. */
const SIZES_PER_QUERY = 20;
const PAGES_MAX = 20;
const ITEMS_MAX = 10_000;

const itemSchema = z.object({
  retailPrice: z.number().min(0).max(10_000),
  currencyCode: z.string(),
  unitOfMeasure: z.string(),
  armRegionName: z.string(),
  armSkuName: z.string(),
  meterName: z.string(),
  skuName: z.string(),
  productName: z.string(),
  type: z.string(),
  effectiveStartDate: z.string(),
  tierMinimumUnits: z.number().default(0),
});
type Item = z.output<typeof itemSchema>;

const pageSchema = z.object({ Items: z.array(z.unknown()).max(ITEMS_MAX), NextPageLink: z.string().nullish() });

/** What Azure asks of anybody, in USD, without taxes and discounts. The API needs no login. */
export class RetailPrices {
  readonly #root: URL;
  readonly #clock: Clock;

  constructor(endpoint: string, clock: Clock) {
    this.#root = new URL(endpoint);
    this.#clock = clock;
  }

  /** USD/h of Linux machines, in the order of the offerings; null: Azure names no price. */
  async of(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<readonly (number | null)[]> {
    const prices = new Map<string, { readonly usdPerHour: number; readonly sinceMs: number }>();
    const nowMs = this.#clock.nowMs();
    for (const item of await this.#items(offerings, signal)) {
      const capacityType = capacityTypeOf(item);
      const sinceMs = Date.parse(item.effectiveStartDate);
      if (capacityType === null || !(sinceMs <= nowMs)) continue;
      const key = keyOf({ region: item.armRegionName, instanceType: item.armSkuName, capacityType });
      const known = prices.get(key);
      if (known && known.sinceMs >= sinceMs) continue;
      prices.set(key, { usdPerHour: item.retailPrice, sinceMs });
    }
    return offerings.map((offering) => prices.get(keyOf(offering))?.usdPerHour ?? null);
  }

  async #items(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<readonly Item[]> {
    const items: Item[] = [];
    for (const [region, named] of Map.groupBy(offerings, (offering) => offering.region)) {
      const sizes = [...new Set(named.map((offering) => offering.instanceType))];
      for (let first = 0; first < sizes.length; first += SIZES_PER_QUERY)
        items.push(...(await this.#query(region, sizes.slice(first, first + SIZES_PER_QUERY), signal)));
    }
    return items;
  }

  async #query(region: string, sizes: readonly string[], signal: AbortSignal): Promise<readonly Item[]> {
    const items: Item[] = [];
    let url: URL | null = new URL('/api/retail/prices', this.#root);
    url.search = new URLSearchParams({
      'api-version': API_VERSION,
      meterRegion: "'primary'",
      $filter: [
        "serviceName eq 'Virtual Machines'",
        "priceType eq 'Consumption'",
        `armRegionName eq '${region}'`,
        `(${sizes.map((size) => `armSkuName eq '${size}'`).join(' or ')})`,
      ].join(' and '),
    }).toString();
    for (let page = 0; url !== null; page++) {
      if (page >= PAGES_MAX) throw new ProviderError('config', `more than ${PAGES_MAX} pages of prices`);
      const answer = await sendJson(url, { method: 'GET', secrets: [], signal });
      if (answer.status !== 200) throw azureError(answer, 'on_demand');
      const { Items, NextPageLink } = parsed(pageSchema, answer.body);
      // What is sold by other units has other fields.
      items.push(...Items.flatMap((item) => itemSchema.safeParse(item).data ?? []));
      url = NextPageLink ? this.#next(NextPageLink) : null;
    }
    return items;
  }

  #next(link: string): URL {
    const url = URL.canParse(link) ? new URL(link) : null;
    if (url?.origin === this.#root.origin) return url;
    throw new ProviderError('transient', 'unreadable answer: a link that leads to another host');
  }
}

/** Null: not a Linux machine by the hour. "Low Priority" is what spot was called before, and cannot be bought any more. */
function capacityTypeOf(item: Item): OfferingConfig['capacityType'] | null {
  const { currencyCode, unitOfMeasure, type, tierMinimumUnits, productName } = item;
  const isByTheHour = unitOfMeasure === '1 Hour' && currencyCode === 'USD' && type === 'Consumption';
  if (!isByTheHour || tierMinimumUnits > 0 || /Windows|Cloud ?Services|Dedicated Host/i.test(productName)) return null;
  const names = `${item.skuName} ${item.meterName}`;
  if (/Low Priority/i.test(names)) return null;
  return /\bSpot\b/i.test(names) ? 'spot' : 'on_demand';
}

function keyOf({
  region,
  instanceType,
  capacityType,
}: Pick<OfferingConfig, 'region' | 'instanceType' | 'capacityType'>) {
  return [region, instanceType, capacityType].join(' ').toLowerCase();
}
