import { ProviderError } from '../providers/errors.ts';
import type { Interruption, Machine, Place } from '../providers/port.ts';
import type { Machines } from './machines.ts';

/**
 * Several providers as one, by the names that offerings and places carry. Ids of machines and names of groups get their
 * provider in front, so that no two are alike. One that does not answer keeps nothing from the others: a listing names it,
 * and its notices of before stay in force.
 */
export function mixedMachines(named: ReadonlyMap<string, Machines>): Machines {
  const noticed = new Map<string, readonly Interruption[]>();

  function of(name: string): Machines {
    const machines = named.get(name);
    if (machines) return machines;
    throw new ProviderError('config', `the pool has no provider ${JSON.stringify(name)} any more`);
  }

  /** Why providers do not answer. Rejects where none of them does. */
  async function askAll(
    ask: (machines: Machines, name: string) => Promise<void>,
  ): Promise<ReadonlyMap<string, unknown>> {
    const silent = new Map<string, unknown>();
    await Promise.all(
      [...named].map(([name, machines]) => ask(machines, name).catch((error: unknown) => silent.set(name, error))),
    );
    const [first] = silent.values();
    if (silent.size === named.size) throw first;
    return silent;
  }

  return {
    create: async (request, isWanted) => {
      const { provider } = request.offering;
      const { machines, failures } = await of(provider).create(request, isWanted);
      return { machines: machines.map((one) => namedMachine(one, provider)), failures };
    },
    createsWithin: (place, ms) => named.get(place.provider)?.createsWithin(place, ms) ?? 1,
    find: async (requestId, place) =>
      (await of(place.provider).find(requestId, place)).map((one) => namedMachine(one, place.provider)),
    async list(clusterTag) {
      const listed: Machine[] = [];
      const silent = await askAll(async (machines, name) => {
        const own = await machines.list(clusterTag);
        listed.push(...own.machines.map((one) => namedMachine(one, name)));
      });
      return { machines: listed, silent };
    },
    terminate: (id, place) => of(place.provider).terminate(bare(id, place), place),
    async interruptions(clusterTag) {
      await askAll(async (machines, name) => {
        const notices = await machines.interruptions(clusterTag);
        noticed.set(
          name,
          notices.map((one) => ({ ...one, machineId: idUnder(name, one.machineId) })),
        );
      });
      return [...noticed.values()].flat();
    },
    groupOf(offering) {
      const group = named.get(offering.provider)?.groupOf(offering) ?? null;
      return group === null ? null : `${offering.provider}/${group}`;
    },
    trim: (group, place, size) => of(place.provider).trim(bare(group, place), place, size),
    room: null,
    pricesOf: (name) => named.get(name)?.pricesOf(name) ?? null,
  };
}

function namedMachine(machine: Machine, provider: string): Machine {
  return {
    ...machine,
    id: idUnder(provider, machine.id),
    place: { ...machine.place, provider },
    group: machine.group === null ? null : `${provider}/${machine.group}`,
  };
}

/** What a machine of a provider of that name is called by the pool; of one that has no other, as by its provider. */
export function idUnder(name: string, bareId: string): string {
  return name === '' ? bareId : `${name}/${bareId}`;
}

/** As its provider calls it. */
export function bare(id: string, { provider }: Pick<Place, 'provider'>): string {
  return provider === '' ? id : id.slice(provider.length + 1);
}
