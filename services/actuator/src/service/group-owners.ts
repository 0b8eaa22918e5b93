import { ConfigError, type PoolConfig, providersOf, type SingleProviderConfig } from '@forescale/shared/config';
import type { Machines } from '../execute/index.ts';
import { offeringsOf } from '../plan/index.ts';

/**
 * Refuses pools that act on one group: each would take the members of the other for its own, and set the group's size to
 * what it wants itself. `machines`: of each pool, in the order of the pools.
 */
export function refuseSharedGroups(pools: readonly PoolConfig[], machines: readonly Machines[]): void {
  const owners = new Map<string, string>();
  for (const [i, pool] of pools.entries()) {
    if (pool.mode !== 'enforce') continue;
    for (const offering of offeringsOf(pool)) {
      const named = machines[i]?.groupOf(offering) ?? null;
      const provider = providersOf(pool.provider).get(offering.provider);
      if (named === null || provider === undefined) continue;
      const group = offering.provider === '' ? named : named.slice(offering.provider.length + 1);
      const key = `${group} ${placeOf(provider)}`;
      const owner = owners.get(key) ?? pool.name;
      owners.set(key, owner);
      if (owner !== pool.name)
        throw new ConfigError(
          `pools ${owner} and ${pool.name} both act on group ${group} of a provider of kind ${provider.kind}; ` +
            'allowed: one pool of mode enforce for each group',
        );
    }
  }
}

/** Where the provider's groups are: what it is configured with besides them, and how often it is called. */
function placeOf(provider: SingleProviderConfig): string {
  return JSON.stringify({ ...provider, groups: null, concurrency: null, ratePerSecond: null });
}
