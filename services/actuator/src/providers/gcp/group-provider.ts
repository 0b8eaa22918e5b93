import type { OfferingConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { asProviderError, ProviderError } from '../errors.ts';
import type {
  CreateResult,
  Interruption,
  Machine,
  MachineGroups,
  MachineProvider,
  MachineRequest,
  Place,
} from '../port.ts';
import { groupErrorPageSchema, groupSchema, type Managed, managedPageSchema, operationSchema } from './answers.ts';
import type { GcpApi } from './api.ts';
import { gcpErrorWithin } from './errors.ts';
import { type GroupBook, type GroupRef, scopeOf } from './groups.ts';
import { preempted } from './instances.ts';
import { idIn, isGoing, isThere, MemberBook } from './members.ts';
import { lastOf, zoneIn } from './names.ts';

const CREATE_MS = 11_000;

/** Managed instance groups, those of GKE's node pools among them. They name their machines themselves. */
export class GcpGroups implements MachineProvider {
  readonly kind = 'gcp';
  readonly groups: MachineGroups;
  readonly #api: GcpApi;
  readonly #book: GroupBook;
  readonly #members: MemberBook;
  readonly #clock: Clock;
  /** The last call that reads a group's size and sets it: two that overlap could lower it. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(api: GcpApi, book: GroupBook, clock: Clock) {
    this.#api = api;
    this.#book = book;
    this.#members = new MemberBook(api);
    this.#clock = clock;
    this.groups = {
      groupOf: (offering: OfferingConfig) => book.groupOf(offering),
      trim: (group, _place, size, signal) => this.#trim(group, size, signal),
    };
  }

  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const { offering, groupSize, createdMs } = request;
    const group = this.#book.groupOf(offering);
    if (group === null)
      throw new ProviderError(
        'config',
        `no group sells ${offering.instanceType} (${offering.capacityType}) in ${offering.zone}`,
      );
    const ref = await this.#book.find(group, signal);
    return await this.#inTurn(ref, async () => {
      const isSmaller = (await this.#sizeOf(ref, signal)) < groupSize;
      if (isSmaller) await this.#resize(ref, groupSize, signal);
      try {
        return { machines: [], failures: await this.#failures(ref, groupSize, createdMs, signal) };
      } catch (error) {
        // Whatever is wrong with asking, the group has its size.
        throw asProviderError(error).withAmbiguity(isSmaller);
      }
    });
  }

  async find(): Promise<readonly Machine[]> {
    return [];
  }

  async list(_clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const refs = await this.#book.all(signal);
    const managed = await Promise.all(refs.map(async (ref) => ({ ref, all: await this.#managed(ref, signal) })));
    return await this.#members.machines(
      managed.flatMap(({ ref, all }) => all.filter(isThere).map((one) => ({ ref, managed: one }))),
      signal,
    );
  }

  async terminate(id: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const [location = '', name = '', zone = '', instance = ''] = id.split('/');
    // Of a time when the pool's machines were made one by one: that it is not here does not say that it is gone.
    if (instance === '')
      throw new ProviderError('config', `${id} is no member of a group: look for it in Google Cloud`);
    const ref = { group: id, location, name };
    return await this.#inTurn(ref, async () => {
      // With the group, its members are gone.
      if ((await this.#api.callIfThere(groupSchema, 'GET', this.#url(ref, ''), signal)) === null) return 'gone';
      const managed = (await this.#managed(ref, signal)).find((one) => idIn(ref, one) === id);
      if (!managed) return 'gone';
      if (!isGoing(managed)) await this.#delete(ref, [`zones/${zone}/instances/${instance}`], signal);
      return 'terminating';
    });
  }

  async interruptions(_clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    const refs = await this.#book.all(signal);
    const stopping = await Promise.all(
      refs.map(async (ref) =>
        (await this.#managed(ref, signal))
          .filter((one) => one.instanceStatus === 'STOPPING' && !isGoing(one))
          .map((one) => ({
            machineId: idIn(ref, one),
            nodeName: lastOf(one.instance),
            zone: zoneIn(one.instance),
            id: one.id,
          })),
      ),
    );
    return await preempted(this.#api, stopping.flat(), signal);
  }

  /**
   * What was not made yet is taken back by name, since a group that is made smaller chooses by itself which of its machines
   * go. Only what has no name yet goes by the size, which stays above all that have one.
   */
  async #trim(group: string, size: number, signal: AbortSignal): Promise<void> {
    const ref = await this.#book.find(group, signal);
    await this.#inTurn(ref, async () => {
      const target = await this.#sizeOf(ref, signal);
      const staying = (await this.#managed(ref, signal)).filter((one) => !isGoing(one));
      const excess = target - Math.max(size, staying.filter(isThere).length);
      if (excess <= 0) return;
      const taken = staying.filter((one) => !isThere(one) && one.instance !== '').slice(0, excess);
      if (taken.length > 0)
        await this.#delete(
          ref,
          taken.map(({ instance }) => partOf(instance)),
          signal,
        );
      if (taken.length < excess) await this.#resize(ref, target - excess, signal);
    });
  }

  /** One for each machine that is not there, where the group has said since that it cannot have it. */
  async #failures(ref: GroupRef, size: number, sinceMs: number, signal: AbortSignal): Promise<ProviderError[]> {
    const there = (await this.#managed(ref, signal)).filter((one) => isThere(one) && !isGoing(one));
    const missing = size - there.length;
    const error = missing > 0 ? await this.#errorSince(ref, sinceMs, signal) : null;
    return error === null ? [] : Array.from({ length: missing }, () => error);
  }

  /** Its own autoscaler would set another size at once. */
  async #sizeOf(ref: GroupRef, signal: AbortSignal): Promise<number> {
    const { targetSize, status } = await this.#api.call(groupSchema, 'GET', this.#url(ref, ''), signal);
    if (status.autoscaler === undefined) return targetSize;
    throw new ProviderError('config', `group ${ref.group} has an autoscaler of its own; allowed: one without`);
  }

  async #resize(ref: GroupRef, size: number, signal: AbortSignal): Promise<void> {
    const endMs = this.#clock.nowMs() + CREATE_MS;
    const operation = await this.#api.call(operationSchema, 'POST', this.#url(ref, '/resize', { size }), signal);
    await this.#api.finish(scopeOf(ref.location), operation, endMs, signal);
  }

  /** Lowers the size by them as well. Those that are going already are passed over. */
  async #delete(ref: GroupRef, instances: readonly string[], signal: AbortSignal): Promise<void> {
    const body = { instances, skipInstancesOnValidationError: true };
    await this.#api.call(operationSchema, 'POST', this.#url(ref, '/deleteInstances'), signal, body);
  }

  async #managed(ref: GroupRef, signal: AbortSignal): Promise<Managed[]> {
    const path = `${pathOf(ref)}/listManagedInstances`;
    const pages = await this.#api.pages(managedPageSchema, 'POST', path, {}, signal);
    return pages.flatMap(({ managedInstances }) => managedInstances);
  }

  /** The last of the group's errors that is not older; null: there is none. */
  async #errorSince(ref: GroupRef, sinceMs: number, signal: AbortSignal): Promise<ProviderError | null> {
    const pages = await this.#api.pages(groupErrorPageSchema, 'GET', `${pathOf(ref)}/listErrors`, {}, signal);
    const since = pages.flatMap(({ items }) => items).filter(({ timestamp }) => timestamp >= sinceMs);
    const last = since.toSorted((a, b) => a.timestamp - b.timestamp).at(-1);
    return last ? gcpErrorWithin(last.error) : null;
  }

  #url(ref: GroupRef, rest: string, query: Readonly<Record<string, number>> = {}): URL {
    return this.#api.compute(`${pathOf(ref)}${rest}`, query);
  }

  async #inTurn<T>(ref: GroupRef, work: () => Promise<T>): Promise<T> {
    const key = pathOf(ref);
    const mine = (this.#turns.get(key) ?? Promise.resolve()).catch(() => undefined).then(work);
    this.#turns.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(key) === mine) this.#turns.delete(key);
    }
  }
}

const pathOf = ({ location, name }: GroupRef) =>
  `${scopeOf(location)}/instanceGroupManagers/${encodeURIComponent(name)}`;

/** "zones/us-central1-a/instances/web-x1y2" of the whole URL. */
const partOf = (instance: string) => instance.slice(instance.indexOf('zones/'));
