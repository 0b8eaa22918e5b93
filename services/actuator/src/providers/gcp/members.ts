import { ProviderError } from '../errors.ts';
import type { Machine } from '../port.ts';
import { instanceSchema, type Managed } from './answers.ts';
import type { GcpApi } from './api.ts';
import type { GroupRef } from './groups.ts';
import { stateOf } from './instance.ts';
import { instancesWhere } from './instances.ts';
import { lastOf, machineId, providerIdOf, regionOf, zoneIn } from './names.ts';

/** Terms of one filter: a URL of some 8,000 characters is the most that is taken everywhere. */
const PREFIXES_MAX = 40;

/** Members that are asked for one by one, since no listing has shown them. */
const LOOKED_UP_MAX = 50;

export interface Member {
  readonly ref: GroupRef;
  readonly managed: Managed;
}

/** Members of groups as machines. When they were made no group says: it is looked up, once for each of them. */
export class MemberBook {
  readonly #api: GcpApi;
  /** By the number of the instance. */
  #madeMs: ReadonlyMap<string, number> = new Map();

  constructor(api: GcpApi) {
    this.#api = api;
  }

  /** Those that Compute Engine shows; one of which it knows nothing yet is left out. */
  async machines(members: readonly Member[], signal: AbortSignal): Promise<readonly Machine[]> {
    const known = new Map(this.#madeMs);
    const unknown = () => members.filter(({ managed }) => !known.has(managed.id));
    const prefixes = new Set(unknown().map(({ managed }) => lastOf(managed.instance).replace(/[^-]*$/, '')));
    for (let from = 0; from < prefixes.size; from += PREFIXES_MAX)
      await this.#learnMany([...prefixes].slice(from, from + PREFIXES_MAX), known, signal);
    const rest = unknown();
    // What a listing leaves out would be taken for gone.
    if (rest.length > LOOKED_UP_MAX)
      throw new ProviderError('transient', `${rest.length} members of groups are not shown as instances`);
    await Promise.all(rest.map((one) => this.#learn(one, known, signal)));
    this.#madeMs = new Map(members.flatMap(({ managed: { id } }) => (known.has(id) ? [[id, known.get(id) ?? 0]] : [])));
    return members.flatMap((one) => this.#machine(one));
  }

  async #learnMany(prefixes: readonly string[], known: Map<string, number>, signal: AbortSignal): Promise<void> {
    const filter = prefixes.map((prefix) => `(name:"${prefix}")`).join(' OR ');
    for (const { id, creationTimestamp } of await instancesWhere(this.#api, filter, signal))
      known.set(id, creationTimestamp);
  }

  async #learn({ managed }: Member, known: Map<string, number>, signal: AbortSignal): Promise<void> {
    const url = this.#api.compute(`zones/${zoneIn(managed.instance)}/instances/${lastOf(managed.instance)}`);
    const instance = await this.#api.callIfThere(instanceSchema, 'GET', url, signal);
    if (instance !== null) known.set(managed.id, instance.creationTimestamp);
  }

  #machine({ ref, managed }: Member): Machine[] {
    const createdMs = this.#madeMs.get(managed.id);
    if (createdMs === undefined) return [];
    const name = lastOf(managed.instance);
    const zone = zoneIn(managed.instance);
    return [
      {
        id: idIn(ref, managed),
        providerId: providerIdOf(this.#api.project, zone, name),
        requestId: '',
        nodeName: name,
        pool: '',
        state: isGoing(managed) ? 'terminating' : stateOf(managed.instanceStatus),
        createdMs,
        place: { provider: '', region: regionOf(zone) },
        group: ref.group,
      },
    ];
  }
}

/** Has a machine that costs, or soon will: not one that is asked for in vain. */
export function isThere({ instance, instanceStatus }: Managed): boolean {
  return instance !== '' && instanceStatus !== '';
}

export function isGoing({ currentAction }: Managed): boolean {
  return currentAction === 'DELETING' || currentAction === 'ABANDONING';
}

/** The group's place and name in front: that is whom its removal has to be asked of. */
export function idIn({ location, name }: GroupRef, managed: Managed): string {
  return `${location}/${name}/${machineId(zoneIn(managed.instance), lastOf(managed.instance))}`;
}
