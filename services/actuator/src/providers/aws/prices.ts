import type { _InstanceType, SpotPrice } from '@aws-sdk/client-ec2';
import type { OfferingConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { z } from 'zod';
import { type AwsClients, answered } from './clients.ts';

const TYPES_A_CALL_MAX = 100;
const PAGES_MAX = 20;
/** One call each: prices on demand are asked for type by type. */
const ON_DEMAND_MAX = 200;
const AT_ONCE_MAX = 8;
const USD_PER_HOUR_MAX = 10_000;

/** The price list answers in few regions, for all of the partition. Other partitions have none. */
const LIST_REGIONS: readonly (readonly [of: RegExp, at: string])[] = [
  [/^(cn|us-gov|us-iso|us-isob|eu-isoe)-/, ''],
  [/^(eu|af|me|il)-/, 'eu-central-1'],
  [/^ap-south-/, 'ap-south-1'],
  [/^/, 'us-east-1'],
];

/** One product of the price list: everything that is not its price on demand by the hour is left out. */
const product = z.object({
  terms: z.object({
    OnDemand: z.record(
      z.string(),
      z.object({
        priceDimensions: z.record(
          z.string(),
          z.object({ unit: z.string(), pricePerUnit: z.record(z.string(), z.string()) }),
        ),
      }),
    ),
  }),
});

/** What Linux machines cost: spot as EC2 tells it for every zone, on demand by AWS' price list. */
export class AwsPrices {
  readonly #clients: AwsClients;
  readonly #clock: Clock;

  constructor(clients: AwsClients, clock: Clock) {
    this.#clients = clients;
    this.#clock = clock;
  }

  /** USD/h of each, in their order; null where AWS names none. */
  async of(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<readonly (number | null)[]> {
    const isSpot = ({ capacityType }: OfferingConfig) => capacityType === 'spot';
    const [spot, onDemand] = await Promise.all([
      this.#spot(offerings.filter(isSpot), signal),
      this.#onDemand(
        offerings.filter((one) => !isSpot(one)),
        signal,
      ),
    ]);
    return offerings.map((one) => {
      const { instanceType, zone, region } = one;
      return (isSpot(one) ? spot.get(`${instanceType} ${zone}`) : onDemand.get(`${instanceType} ${region}`)) ?? null;
    });
  }

  async #spot(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const usd = new Map<string, number>();
    for (const [region, ofRegion] of Map.groupBy(offerings, (one) => one.region)) {
      const types = [...new Set(ofRegion.map((one) => one.instanceType))];
      for (let start = 0; start < types.length; start += TYPES_A_CALL_MAX) {
        const latest = await this.#history(region, types.slice(start, start + TYPES_A_CALL_MAX), signal);
        for (const [key, price] of latest) usd.set(key, price);
      }
    }
    return usd;
  }

  /** The price that holds now, by `type zone`. */
  async #history(region: string, types: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const ec2 = await this.#clients.ec2(region);
    const latest = new Map<string, { readonly usd: number; readonly sinceMs: number }>();
    let NextToken: string | undefined;
    for (let page = 0; page < PAGES_MAX; page++) {
      const answer = await answered(
        ec2.describeSpotPriceHistory(
          {
            InstanceTypes: types as _InstanceType[],
            ProductDescriptions: ['Linux/UNIX'],
            // From now on: one entry for each type and zone, the price in force.
            StartTime: new Date(this.#clock.nowMs()),
            MaxResults: 1_000,
            ...(NextToken && { NextToken }),
          },
          { abortSignal: signal },
        ),
      );
      for (const one of answer.SpotPriceHistory ?? []) {
        const [key, usd, sinceMs] = [`${one.InstanceType} ${one.AvailabilityZone}`, usdOf(one), timeOf(one)];
        if (usd !== null && sinceMs >= (latest.get(key)?.sinceMs ?? 0)) latest.set(key, { usd, sinceMs });
      }
      NextToken = answer.NextToken;
      if (!NextToken) break;
    }
    return new Map([...latest].map(([key, { usd }]) => [key, usd]));
  }

  async #onDemand(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const wanted = [...new Set(offerings.map((one) => `${one.instanceType} ${one.region}`))].slice(0, ON_DEMAND_MAX);
    const usd = new Map<string, number>();
    const workers = Array.from({ length: AT_ONCE_MAX }, async () => {
      for (let key = wanted.pop(); key !== undefined; key = wanted.pop()) {
        const [instanceType = '', region = ''] = key.split(' ');
        const price = await this.#listPrice(instanceType, region, signal);
        if (price !== null) usd.set(key, price);
      }
    });
    await Promise.all(workers);
    return usd;
  }

  async #listPrice(instanceType: string, region: string, signal: AbortSignal): Promise<number | null> {
    const at = LIST_REGIONS.find(([of]) => of.test(region))?.[1] ?? '';
    if (at === '') return null;
    const pricing = await this.#clients.pricing(at);
    const is = {
      instanceType,
      regionCode: region,
      operatingSystem: 'Linux',
      tenancy: 'Shared',
      preInstalledSw: 'NA',
      capacitystatus: 'Used',
    };
    const Filters = Object.entries(is).map(([Field, Value]) => ({ Type: 'TERM_MATCH' as const, Field, Value }));
    const input = { ServiceCode: 'AmazonEC2', FormatVersion: 'aws_v1', Filters, MaxResults: 10 };
    const { PriceList = [] } = await answered(pricing.getProducts(input, { abortSignal: signal }));
    const prices = (PriceList as readonly unknown[]).flatMap((text) => onDemandUsd(String(text)));
    return prices.length > 0 ? Math.min(...prices) : null;
  }
}

function onDemandUsd(text: string): number[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  const terms = product.safeParse(value).data?.terms.OnDemand ?? {};
  return Object.values(terms)
    .flatMap(({ priceDimensions }) => Object.values(priceDimensions))
    .filter(({ unit }) => unit === 'Hrs')
    .flatMap(({ pricePerUnit }) => sensible(pricePerUnit.USD) ?? []);
}

function usdOf({ SpotPrice: text }: SpotPrice): number | null {
  return sensible(text);
}

function timeOf({ Timestamp }: SpotPrice): number {
  return Timestamp?.getTime() ?? 0;
}

/** A price of 0 is none. */
function sensible(text: string | undefined): number | null {
  const usd = Number(text ?? Number.NaN);
  return usd > 0 && usd < USD_PER_HOUR_MAX ? usd : null;
}
