import type { Clock } from '@forescale/shared/time';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import type { Machine } from '../port.ts';
import { type Arm, COMPUTE, CONTAINER_SERVICE, parsed } from './arm.ts';
import { toldError } from './errors.ts';
import type { Group, GroupApi } from './group-api.ts';
import { machineOf, parseMachine } from './machine-answer.ts';
import { groupPath, providerIdOf, type Scope } from './names.ts';

const poolSchema = z.object({
  properties: z.looseObject({
    eTag: z.string().nullish(),
    count: z.number().int().min(0),
    enableAutoScaling: z.boolean().nullish(),
    scaleDownMode: z.string().nullish(),
    provisioningState: z.string().default(''),
    scaleSetPriority: z.string().nullish(),
    type: z.string().nullish(),
    status: z
      .object({
        provisioningError: z.object({ code: z.string().default(''), message: z.string().default('') }).nullish(),
      })
      .nullish(),
  }),
});
type Pool = z.output<typeof poolSchema>;

const machineSchema = z.object({
  name: z.string().min(1),
  properties: z.object({ resourceId: z.string() }),
});
type AksMachine = z.output<typeof machineSchema>;

/** What only Azure writes; sent back it would be refused. */
const WRITTEN_BY_AZURE = [
  'eTag',
  'provisioningState',
  'currentOrchestratorVersion',
  'nodeImageVersion',
  'status',
  'virtualMachineNodesStatus',
];

const SCALE_SET_MACHINE = /^(\/subscriptions\/.+\/virtualMachineScaleSets\/[^/]+)\/virtualMachines\/([^/]+)$/i;

/**
 * Node pools of AKS by its own API, since it takes back what is done to their scale sets behind its back. Their machines
 * have no age there; it is read from the scale set in the cluster's node resource group.
 */
export class AgentPools implements GroupApi {
  readonly #arm: Arm;
  readonly #scope: Scope;
  readonly #cluster: string;
  readonly #clock: Clock;

  constructor(arm: Arm, scope: Scope, cluster: string, clock: Clock) {
    this.#arm = arm;
    this.#scope = scope;
    this.#cluster = cluster;
    this.#clock = clock;
  }

  async read(name: string, signal: AbortSignal): Promise<Group> {
    const body = await this.#arm.read({ path: this.#path(name), apiVersion: CONTAINER_SERVICE }, signal);
    if (body === null) throw new ProviderError('config', `there is no agent pool ${name} in ${this.#cluster}`);
    const answer = parsed(poolSchema, body);
    const { count, eTag, enableAutoScaling, scaleDownMode, type, provisioningState, scaleSetPriority, status } =
      answer.properties;
    if (enableAutoScaling) throw new ProviderError('config', `agent pool ${name} is scaled by AKS itself`);
    // They would be taken for members that serve.
    if (scaleDownMode === 'Deallocate')
      throw new ProviderError('config', `agent pool ${name} keeps machines that are switched off (scaleDownMode)`);
    if (type === 'VirtualMachines')
      throw new ProviderError('config', `agent pool ${name} has several sizes, which Forescale cannot tell apart`);
    const told = /^failed$/i.test(provisioningState) ? status?.provisioningError : null;
    const capacityType = scaleSetPriority === 'Spot' ? 'spot' : 'on_demand';
    const failure = told ? { error: toldError(told.code, told.message, capacityType), atMs: null } : null;
    return { name, size: count, etag: eTag ?? '', answer, failure };
  }

  async resize(group: Group, size: number, signal: AbortSignal): Promise<'done' | 'changed'> {
    const { properties } = group.answer as Pool;
    const kept = Object.entries(properties).filter(([key]) => !WRITTEN_BY_AZURE.includes(key));
    const answer = await this.#arm.call(
      {
        method: 'PUT',
        path: this.#path(group.name),
        apiVersion: CONTAINER_SERVICE,
        // The whole pool: what is left out would go back to its default.
        body: { properties: { ...Object.fromEntries(kept), count: size } },
        headers: group.etag === '' ? {} : { 'if-match': group.etag },
        allowed: [412],
      },
      signal,
    );
    return answer.status === 412 ? 'changed' : 'done';
  }

  async members(name: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const path = `${this.#path(name)}/machines`;
    const listed = await this.#arm.list({ path, apiVersion: CONTAINER_SERVICE }, signal);
    const machines = listed.map((one) => parsed(machineSchema, one));
    const scaleSets = new Set(
      machines.map(({ properties }) => SCALE_SET_MACHINE.exec(properties.resourceId)?.[1] ?? ''),
    );
    const behind = new Map<string, unknown>();
    for (const scaleSet of scaleSets) {
      if (scaleSet === '') continue;
      for (const one of await this.#arm.list({ path: `${scaleSet}/virtualMachines`, apiVersion: COMPUTE }, signal))
        behind.set(parseMachine(one).id.toLowerCase(), one);
    }
    return machines.map((one) => this.#member(name, one, behind.get(one.properties.resourceId.toLowerCase()) ?? null));
  }

  async member(name: string, id: string, signal: AbortSignal): Promise<Machine | null> {
    const path = `${this.#path(name)}/machines/${encodeURIComponent(id)}`;
    const body = await this.#arm.read({ path, apiVersion: CONTAINER_SERVICE }, signal);
    if (body === null) return null;
    const machine = parsed(machineSchema, body);
    const isOfScaleSet = SCALE_SET_MACHINE.test(machine.properties.resourceId);
    const behind = isOfScaleSet
      ? await this.#arm.read({ path: machine.properties.resourceId, apiVersion: COMPUTE }, signal)
      : null;
    return this.#member(name, machine, behind);
  }

  async remove(name: string, ids: readonly string[], signal: AbortSignal): Promise<void> {
    const path = `${this.#path(name)}/deleteMachines`;
    await this.#arm.call({ method: 'POST', path, apiVersion: CONTAINER_SERVICE, body: { machineNames: ids } }, signal);
  }

  #member(group: string, { name, properties }: AksMachine, behind: unknown): Machine {
    const is = {
      id: `${group}/${name}`,
      providerId: providerIdOf(properties.resourceId),
      group,
      nowMs: this.#clock.nowMs(),
    };
    // Without its machine it is being made, or on its way out.
    if (behind === null) return { ...machineOf(NOTHING_BEHIND, is), nodeName: name };
    return { ...machineOf(parseMachine(behind), is), nodeName: name };
  }

  #path(pool: string): string {
    const cluster = `${groupPath(this.#scope)}/providers/Microsoft.ContainerService/managedClusters/${this.#cluster}`;
    return `${cluster}/agentPools/${pool}`;
  }
}

const NOTHING_BEHIND = parseMachine({ id: '-', name: '-', properties: { provisioningState: 'Creating' } });
