import type { OfferingConfig } from '@forescale/shared/config';
import { ProviderError } from '../providers/errors.ts';
import type {
  CreateResult,
  Held,
  HoldRequest,
  Interruption,
  Machine,
  MachineProvider,
  MachineRequest,
  Place,
} from '../providers/port.ts';
import { ANY_REGION, type CallsByRegion, PRICES_REGION } from './calls.ts';

/**
 * Machines as execution sees them: a provider, or several, behind their limits, retries and breakers. Rejects with
 * `ProviderError`; see `MachineProvider` for what the methods do.
 */
export interface Machines {
  /**
   * Rejects where nothing was made and the provider said why; of a group it resolves to what will not come. As `fenced`, and
   * not ambiguous, where `isWanted` has changed its mind by the time at which the call's turn comes.
   */
  create(request: MachineRequest, isWanted?: () => boolean): Promise<CreateResult>;
  /** How many more may be asked for within so long, at the provider's rate: see `ProviderCalls`. */
  createsWithin(place: Place, ms: number): number;
  find(requestId: string, place: Place): Promise<readonly Machine[]>;
  list(clusterTag: string): Promise<Listing>;
  terminate(machineId: string, place: Place): Promise<'terminating' | 'gone'>;
  interruptions(clusterTag: string): Promise<readonly Interruption[]>;
  /** Null: such machines are made one by one. */
  groupOf(offering: OfferingConfig): string | null;
  trim(group: string, place: Place, size: number): Promise<void>;
  /** Asks a provider of that name what its offerings cost; null: it does not tell. */
  pricesOf(provider: string): AskPrices | null;
  /** Null: nodes are machines of these. */
  readonly room: Room | null;
}

/** The machines of those that answer. */
export interface Listing {
  readonly machines: readonly Machine[];
  /** Why the others do not, by name: of their machines nothing is known, least of all that they are gone. */
  readonly silent: ReadonlyMap<string, unknown>;
}

/** `Placeholders`, guarded. */
export interface Room {
  read(pool: string): Promise<Held>;
  hold(request: HoldRequest): Promise<void>;
}

/** USD/h of each offering, in their order; null: not known. Ends early when `ending` aborts. */
export type AskPrices = (
  offerings: readonly OfferingConfig[],
  ending: AbortSignal,
) => Promise<readonly (number | null)[]>;

/** One provider behind the calls of its account. */
export function guardedMachines(provider: MachineProvider, calls: CallsByRegion): Machines {
  const { groups, placeholders } = provider;
  const prices = provider.prices?.bind(provider);
  return {
    create: (request, isWanted) =>
      calls(request.offering.region).run('create', async (signal) => {
        if (isWanted?.() === false)
          throw new ProviderError('fenced', 'not sent: nothing new is begun', { ambiguous: false });
        const result = await provider.create(request, signal);
        const failure = result.failures[0];
        // What a group cannot deliver is told of each machine by itself.
        if (result.machines.length === 0 && failure && !groups) throw failure;
        return result;
      }),
    createsWithin: (place, ms) => calls(place.region).roomWithin('create', ms),
    find: (requestId, place) => calls(place.region).run('read', (signal) => provider.find(requestId, place, signal)),
    list: async (clusterTag) => ({
      machines: await calls(ANY_REGION).run('read', (signal) => provider.list(clusterTag, signal)),
      silent: new Map(),
    }),
    terminate: (id, place) => calls(place.region).run('delete', (signal) => provider.terminate(id, place, signal)),
    interruptions: (clusterTag) =>
      calls(ANY_REGION).run('read', (signal) => provider.interruptions(clusterTag, signal)),
    groupOf: (offering) => groups?.groupOf(offering) ?? null,
    trim: async (group, place, size) => {
      if (groups) await calls(place.region).run('delete', (signal) => groups.trim(group, place, size, signal));
    },
    room: placeholders
      ? {
          read: (pool) => calls(ANY_REGION).run('read', (signal) => placeholders.read(pool, signal)),
          hold: (request) => calls(ANY_REGION).run('create', (signal) => placeholders.hold(request, signal)),
        }
      : null,
    pricesOf: () =>
      prices
        ? (offerings, ending) =>
            calls(PRICES_REGION).run('read', (late) => prices(offerings, AbortSignal.any([late, ending])))
        : null,
  };
}
