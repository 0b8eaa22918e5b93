import {
  CLOUDS,
  type Config,
  ConfigError,
  type MachinesConfig,
  type OfferingConfig,
  type PoolConfig,
  providersOf,
} from '@forescale/shared/config';
import { offeringId } from '../plan/index.ts';
import { chooseMachines, placesOf, pricedAt, type Refusal } from './choose-machines.ts';
import { type PriceTable, priceIn } from './price-table.ts';
import { type Cloud, priceTableOf } from './tables.ts';

/** As many as `offerings` may list. */
const OFFERINGS_MAX = 1_000;

/** What became of one section `machines` of a pool. */
export interface Consideration {
  readonly table: PriceTable;
  readonly chosen: readonly OfferingConfig[];
  readonly refused: readonly Refusal[];
}

export interface CompletedPool {
  readonly pool: PoolConfig;
  readonly considered: readonly Consideration[];
}

/** The configuration with all that its pools may buy, priced from the static tables where it does not say a price. */
export function completeOfferings(config: Config): Config {
  return { ...config, pools: config.pools.map((pool, index) => completePool(pool, index).pool) };
}

/**
 * One pool, the `index`-th of its configuration: first the offerings that are listed, then those that `machines` adds.
 * Completing what is complete changes nothing. Throws `ConfigError` where a price is not known, or nothing is left to
 * buy of what was asked for.
 */
export function completePool(pool: PoolConfig, index: number): CompletedPool {
  const at = `autoscaler.pools[${index}]`;
  const offerings = pool.offerings.map((one, i) => withPrice(one, pool, `${at}.offerings[${i}]`));
  const ids = new Set(offerings.map(offeringId));
  const considered = pool.machines.map((asked, i) => {
    const one = consider(asked, pool, `${at}.machines[${i}]`);
    for (const offering of one.chosen) {
      if (!ids.has(offeringId(offering))) offerings.push(offering);
      ids.add(offeringId(offering));
    }
    return one;
  });
  if (offerings.length > OFFERINGS_MAX)
    throw new ConfigError(`${at}.machines: ${offerings.length} offerings; allowed: at most ${OFFERINGS_MAX} in a pool`);
  const isComplete =
    offerings.length === pool.offerings.length && offerings.every((one, i) => one === pool.offerings[i]);
  return { pool: isComplete ? pool : { ...pool, offerings: Object.freeze(offerings) }, considered };
}

function consider(given: MachinesConfig, pool: PoolConfig, at: string): Consideration {
  const asked = { ...given, zones: given.zones ?? zonesOfProvider(given, pool, at) };
  const table = priceTableOf(cloudOf(asked, pool, at));
  const known = [...table.zones.keys()].join(', ');
  const unknown = asked.regions.find((region) => !table.zones.has(region));
  if (asked.zones === null && unknown !== undefined)
    throw new ConfigError(
      `${at}.zones is absent: allowed: zones of ${unknown}; the table of ${table.cloud} has ${known}`,
    );
  const places = placesOf(asked, table);
  const astray = asked.zones?.find((zone) => !places.some((place) => place.zone === zone));
  if (astray !== undefined)
    throw new ConfigError(`${at}.zones = ${JSON.stringify(astray)}: allowed: zones of ${asked.regions.join(', ')}`);
  const { offerings, refused } = chooseMachines(asked, table, pool.template);
  if (offerings.length === 0)
    throw new ConfigError(
      `${at}: allowed: what leaves a type of ${table.cloud} to buy; all are refused, ${tally(refused)}`,
    );
  return { table, chosen: offerings, refused };
}

/** The zones that the provider has networks in; null: it does not say. */
function zonesOfProvider({ provider: name, regions }: MachinesConfig, pool: PoolConfig, at: string) {
  const provider = providersOf(pool.provider).get(name);
  if (provider?.kind !== 'aws' || provider.groups.length > 0) return null;
  return regions.flatMap((region) => {
    const subnets = provider.regions[region]?.subnets;
    if (subnets) return Object.keys(subnets);
    const allowed = Object.keys(provider.regions).join(', ');
    throw new ConfigError(`${at}.regions = ${JSON.stringify(region)}: allowed: those of the provider, ${allowed}`);
  });
}

/** "12 for architecture, 30 for family": how many types each reason refuses, the most frequent first. */
export function tally(refused: readonly Refusal[]): string {
  const counts = [...Map.groupBy(refused, ({ code }) => code)].map(([code, of]) => ({ code, count: of.length }));
  counts.sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
  return counts.map(({ code, count }) => `${count} for ${code}`).join(', ');
}

function cloudOf({ cloud, provider }: MachinesConfig, pool: PoolConfig, at: string): Cloud {
  const found = cloud ?? cloudOfProvider(provider, pool);
  if (found !== null) return found;
  const { kind } = pool.provider;
  throw new ConfigError(`${at}.cloud is absent: allowed where the provider is of kind ${kind}: ${CLOUDS.join(', ')}`);
}

function cloudOfProvider(name: string, pool: PoolConfig): Cloud | null {
  const kind = providersOf(pool.provider).get(name)?.kind;
  return CLOUDS.find((cloud) => cloud === kind) ?? null;
}

/** As configured, else of the table of its provider's cloud. */
function withPrice(offering: OfferingConfig, pool: PoolConfig, at: string): OfferingConfig {
  if (offering.price?.source !== 'unknown') return offering;
  const { provider, instanceType, region, capacityType, interruption } = offering;
  const cloud = cloudOfProvider(provider, pool);
  const table = cloud && priceTableOf(cloud);
  const type = table?.types.get(instanceType);
  const price = table && type && region !== 'local' ? priceIn(type, region, table) : null;
  const figure = price?.[capacityType];
  if (price && figure)
    return {
      ...offering,
      ...pricedAt(figure),
      interruption: interruption ?? (capacityType === 'spot' ? price.interruption : null),
    };
  const known = table
    ? `the table of ${cloud} has no ${capacityType} price of ${instanceType} in ${region}`
    : 'there is no table of its provider';
  throw new ConfigError(`${at}.usd_per_hour is absent: allowed: a number from 0 to 10000; ${known}`);
}
