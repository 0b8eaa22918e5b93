import type { Clock } from '@forescale/shared/time';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import type { Machine } from '../port.ts';
import { type Arm, COMPUTE, parsed } from './arm.ts';
import type { Group, GroupApi } from './group-api.ts';
import { failureIn, instanceViewSchema, machineOf, parseMachine } from './machine-answer.ts';
import { groupPath, machinePath, machinesPath, providerIdOf, type Scope } from './names.ts';

const scaleSetSchema = z.object({
  etag: z.string().nullish(),
  sku: z.object({ name: z.string(), tier: z.string().nullish(), capacity: z.number().int().min(0) }),
  properties: z.object({
    provisioningState: z.string().default(''),
    orchestrationMode: z.string().nullish(),
    overprovision: z.boolean().nullish(),
    virtualMachineProfile: z.object({ priority: z.string().nullish() }).nullish(),
  }),
});
type ScaleSet = z.output<typeof scaleSetSchema>;

/** Scale sets, of either orchestration: the machines of a flexible one are virtual machines like others. */
export class ScaleSets implements GroupApi {
  readonly #arm: Arm;
  readonly #scope: Scope;
  readonly #clock: Clock;

  constructor(arm: Arm, scope: Scope, clock: Clock) {
    this.#arm = arm;
    this.#scope = scope;
    this.#clock = clock;
  }

  async read(name: string, signal: AbortSignal): Promise<Group> {
    const path = this.#path(name);
    const answer = await this.#set(name, signal);
    const { sku, properties, etag } = answer;
    if (properties.overprovision)
      throw new ProviderError(
        'config',
        `scale set ${name} overprovisions: some of its machines go again by themselves`,
      );
    const hasFailed = /^failed$/i.test(properties.provisioningState);
    const view = hasFailed ? await this.#arm.read({ path: `${path}/instanceView`, apiVersion: COMPUTE }, signal) : null;
    const capacityType = properties.virtualMachineProfile?.priority === 'Spot' ? 'spot' : 'on_demand';
    const statuses = view === null ? [] : parsed(instanceViewSchema, view).statuses;
    return { name, size: sku.capacity, etag: etag ?? '', answer, failure: failureIn(statuses, capacityType) };
  }

  async resize(group: Group, size: number, signal: AbortSignal): Promise<'done' | 'changed'> {
    const { name, tier } = (group.answer as ScaleSet).sku;
    const answer = await this.#arm.call(
      {
        method: 'PATCH',
        path: this.#path(group.name),
        apiVersion: COMPUTE,
        body: { sku: { name, ...(tier && { tier }), capacity: size } },
        headers: group.etag === '' ? {} : { 'if-match': group.etag },
        allowed: [412],
      },
      signal,
    );
    return answer.status === 412 ? 'changed' : 'done';
  }

  async members(name: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const path = this.#path(name);
    const flexible = isFlexible(await this.#set(name, signal));
    const listing = flexible
      ? { path: machinesPath(this.#scope), query: { $filter: `'virtualMachineScaleSet/id' eq '${path}'` } }
      : { path: `${path}/virtualMachines` };
    const all = await this.#arm.list({ ...listing, apiVersion: COMPUTE }, signal);
    return all.map((one) => this.#member(name, flexible, one));
  }

  async member(name: string, id: string, signal: AbortSignal): Promise<Machine | null> {
    const set = await this.#find(name, signal);
    // Its machines went with it.
    if (set === null) return null;
    const path = this.#memberPath(name, isFlexible(set), id);
    const body = await this.#arm.read({ path, apiVersion: COMPUTE }, signal);
    return body === null ? null : this.#member(name, isFlexible(set), body);
  }

  async remove(name: string, ids: readonly string[], signal: AbortSignal): Promise<void> {
    await this.#arm.call(
      { method: 'POST', path: `${this.#path(name)}/delete`, apiVersion: COMPUTE, body: { instanceIds: ids } },
      signal,
    );
  }

  async #set(name: string, signal: AbortSignal): Promise<ScaleSet> {
    const set = await this.#find(name, signal);
    if (set !== null) return set;
    throw new ProviderError('config', `there is no scale set ${name} in the resource group`);
  }

  async #find(name: string, signal: AbortSignal): Promise<ScaleSet | null> {
    const body = await this.#arm.read({ path: this.#path(name), apiVersion: COMPUTE }, signal);
    return body === null ? null : parsed(scaleSetSchema, body);
  }

  #member(name: string, flexible: boolean, body: unknown): Machine {
    const answer = parseMachine(body);
    const id = flexible ? answer.name : (answer.instanceId ?? answer.id.split('/').at(-1) ?? '');
    const providerId = providerIdOf(this.#memberPath(name, flexible, id));
    return machineOf(answer, { id: `${name}/${id}`, providerId, group: name, nowMs: this.#clock.nowMs() });
  }

  #memberPath(name: string, flexible: boolean, id: string): string {
    return flexible ? machinePath(this.#scope, id) : `${this.#path(name)}/virtualMachines/${encodeURIComponent(id)}`;
  }

  #path(name: string): string {
    return `${groupPath(this.#scope)}/providers/Microsoft.Compute/virtualMachineScaleSets/${name}`;
  }
}

function isFlexible({ properties }: ScaleSet): boolean {
  return properties.orchestrationMode === 'Flexible';
}
