import { z } from 'zod';
import type { Resources } from '../domain/index.ts';
import { bytes, choice, cpu, integer, name, number, section, text } from './issues.ts';
import { type ProviderConfig, providersOf } from './providers/index.ts';

export const resourcesSchema = section({
  cpu,
  memory: bytes,
  pods: integer(1, 10_000).default(110),
  gpus: integer(0, 64).default(0),
}).transform((raw): Resources => ({ cpuMillicores: raw.cpu, memoryBytes: raw.memory, pods: raw.pods, gpus: raw.gpus }));

/** How often the cloud takes spot machines of an offering back, as its advisor publishes it: share of them in a month. */
export const INTERRUPTION_BANDS = ['<5%', '5-10%', '10-15%', '15-20%', '>20%'] as const;

/**
 * Where a price is from.
 * - `configured`: the configuration says it, which holds whatever else is known.
 * - `static`: a table that comes with Forescale says it, as of a day.
 * - `live`: the provider has told it.
 * - `unknown`: nobody has said it yet.
 */
export const priceOriginSchema = z.object({
  source: z.enum(['configured', 'static', 'live', 'unknown']),
  /** A day or a time, ISO 8601; null where that says nothing. */
  asOf: z.string().max(40).nullable(),
  /** Derived from what the source says, rather than said by it. */
  estimate: z.boolean(),
});

export type PriceOrigin = Readonly<z.output<typeof priceOriginSchema>>;

export const NO_PRICE: PriceOrigin = { source: 'unknown', asOf: null, estimate: false };

/** A kind of machine that the pool may buy. */
export const offeringSchema = section({
  /** Name of the provider that sells it, in a pool that has several. */
  provider: name.optional(),
  instance_type: text(/^[\w.-]{1,63}$/, 'an instance type such as "m7g.xlarge"'),
  region: text(/^[\w-]{1,63}$/, 'a region').default('local'),
  zone: text(/^[\w-]{1,63}$/, 'a zone').default('local'),
  capacity_type: choice(['on_demand', 'spot']).default('on_demand'),
  /** Absent: as the static table of the provider's cloud has it. */
  usd_per_hour: number(0, 10_000).optional(),
  allocatable: resourcesSchema.optional(),
  interruption: choice(INTERRUPTION_BANDS).optional(),
}).transform((raw) => ({
  /** Empty: the pool has but one. */
  provider: raw.provider ?? '',
  instanceType: raw.instance_type,
  region: raw.region,
  zone: raw.zone,
  capacityType: raw.capacity_type,
  usdPerHour: raw.usd_per_hour ?? 0,
  allocatable: raw.allocatable ?? null,
  /** Null: not known. */
  interruption: raw.interruption ?? null,
  ...(raw.usd_per_hour === undefined && { price: NO_PRICE }),
}));

/** `price` is absent where the configuration says it. */
export type OfferingConfig = Omit<z.output<typeof offeringSchema>, 'price'> & { readonly price?: PriceOrigin };

/** Whatever names a provider names one of the pool's. */
export function refuseUnknownSellers(
  provider: ProviderConfig,
  key: 'offerings' | 'machines',
  sections: readonly { readonly provider: string }[],
  context: z.RefinementCtx,
): void {
  const names = [...providersOf(provider).keys()].filter((one) => one !== '');
  const message = names.length > 0 ? `allowed: ${names.join(', ')}` : 'allowed only where provider.kind is mixed';
  for (const [index, { provider: seller }] of sections.entries()) {
    if (seller === '' || names.includes(seller)) continue;
    context.addIssue({ code: 'custom', path: [key, index, 'provider'], message });
  }
}
