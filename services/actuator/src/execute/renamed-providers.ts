import { providersOf } from '@forescale/shared/config';
import type { Machine } from '../providers/port.ts';
import type { ExecuteContext } from './context.ts';
import { bare, idUnder } from './mixed-machines.ts';

/**
 * Has the journal call providers as the configuration calls them now: where one provider becomes one of several, or gets
 * another name, so do the ids of its machines, and under the old ones they would be taken for nobody's. By what is
 * listed; a machine of a provider that the pool has no more stays as it is.
 */
export async function renameProviders(
  { journal, pool }: Pick<ExecuteContext, 'journal' | 'pool'>,
  listed: readonly Machine[],
): Promise<void> {
  const named = providersOf(pool.provider);
  for (const { requestId, offering, machineIds, group } of journal.records()) {
    if (named.has(offering.provider)) continue;
    const ids = new Set(machineIds.map((id) => bare(id, offering)));
    const isItsOwn = (one: Machine) => one.requestId === requestId || ids.has(bare(one.id, one.place));
    const [provider, ...others] = new Set(listed.filter(isItsOwn).map(({ place }) => place.provider));
    // Two accounts may call different machines by the same id.
    if (provider === undefined || others.length > 0) continue;
    await journal.update(requestId, {
      offering: { ...offering, provider },
      machineIds: [...ids].map((id) => idUnder(provider, id)),
      group: group === null ? null : idUnder(provider, bare(group, offering)),
    });
  }
}
