import type { AzureConfig, AzureMachinesConfig, OfferingConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { ProviderError } from '../errors.ts';
import { readToken, userData } from '../join/index.ts';
import type { CreateResult, Interruption, Machine, MachineProvider, MachineRequest, Place } from '../port.ts';
import { type Arm, COMPUTE, type HttpAnswer } from './arm.ts';
import { azureError } from './errors.ts';
import { LateFailures } from './late-failures.ts';
import {
  type ArmMachine,
  capacityTypeOf,
  deathOf,
  hasFailed,
  machineOf,
  parseMachine,
  tagOf,
} from './machine-answer.ts';
import { machineBody } from './machine-body.ts';
import { armZones, machinePath, machinesPath, providerIdOf, TAGS } from './names.ts';
import type { RetailPrices } from './prices.ts';

/** From when the order was taken: most failures of allocation are known by then. Azure says "ask again in 10 s". */
const PATIENCE_MS = 10_000;
/** From the start of the call, which may take 15 s in all, until nothing is waited for any more: there is to tidy up. */
const CALL_MS = 13_000;

/** Remains that nobody has taken away by then belong to nobody. */
const REMAINS_MS = 15 * 60_000;

/** Machines of one listing that are looked into since they have failed. */
const LOOKED_INTO_MAX = 50;

export interface AzureParts {
  readonly config: AzureConfig;
  readonly arm: Arm;
  readonly prices: RetailPrices;
  readonly clock: Clock;
}

/**
 * Virtual machines made one by one. A machine is named by its request, so that no request makes two; asking for it by
 * name is never late, as listings are.
 */
export class AzureMachines implements MachineProvider {
  readonly kind = 'azure';
  readonly #parts: AzureParts;
  readonly #machines: AzureMachinesConfig;
  readonly #late = new LateFailures();

  constructor(parts: AzureParts, machines: AzureMachinesConfig) {
    this.#parts = parts;
    this.#machines = machines;
  }

  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const { clock } = this.#parts;
    const startedMs = clock.nowMs();
    const path = this.#path(request.requestId);
    const late = this.#late.tell(kindOf(request.offering), startedMs);
    if (late) return { machines: [], failures: [late] };
    const answer = await this.#put(path, request, signal);
    if (answer.status === 412) return await this.#adopt(request, signal);
    const failed = await this.#parts.arm.failureOf(
      answer,
      Math.min(PATIENCE_MS, CALL_MS - (clock.nowMs() - startedMs)),
      (ms, until) => clock.sleep(ms, until),
      signal,
    );
    if (failed === null) return { machines: [this.#machine(parseMachine(answer.body))], failures: [] };
    return await this.#afterFailure(request, azureError(failed, request.offering.capacityType), signal);
  }

  async find(requestId: string, _place: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    const found = await this.#read(requestId, signal);
    return found && found.tags?.[TAGS.request] === requestId ? [await this.#seen(found, signal)] : [];
  }

  async list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const { arm, config } = this.#parts;
    const all = await arm.list({ path: machinesPath(config), apiVersion: COMPUTE }, signal);
    const ours = all.filter((one) => tagOf(one, TAGS.cluster) === clusterTag).map(parseMachine);
    const machines: Machine[] = [];
    let lookedInto = 0;
    for (const one of ours) {
      const isLookedInto = hasFailed(one) && lookedInto++ < LOOKED_INTO_MAX;
      machines.push(isLookedInto ? await this.#seen(one, signal) : this.#machine(one));
    }
    return machines;
  }

  async terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const { arm } = this.#parts;
    const call = { path: this.#path(machineId), apiVersion: COMPUTE } as const;
    const { status } = await arm.call({ ...call, method: 'DELETE', allowed: [404] }, signal);
    if (status === 204) return 'gone';
    // That the group is not there is no word on what was in it: the read tells the two apart.
    return status === 404 && (await arm.read(call, signal)) === null ? 'gone' : 'terminating';
  }

  /** A machine is told of its eviction itself, by its Scheduled Events, and nobody else is. */
  async interruptions(): Promise<readonly Interruption[]> {
    return [];
  }

  prices(offerings: readonly OfferingConfig[], signal: AbortSignal): Promise<readonly (number | null)[]> {
    return this.#parts.prices.of(offerings, signal);
  }

  async #put(path: string, request: MachineRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { join } = this.#machines;
    const token = join ? await readToken(join.tokenFile) : '';
    // The id is known before the machine is: it need not ask for it.
    const providerIdCommand = `echo '${providerIdOf(path)}'`;
    const data = join ? userData({ join, token, request, providerIdCommand }) : '';
    const body = machineBody(request, this.#machines, data);
    return await this.#parts.arm.call(
      {
        method: 'PUT',
        path,
        apiVersion: COMPUTE,
        body,
        headers: { 'if-none-match': '*' },
        secrets: [body.properties.osProfile.customData ?? '', token].filter((secret) => secret !== ''),
        capacityType: request.offering.capacityType,
        allowed: [412],
      },
      signal,
    );
  }

  /** What an earlier call with the same name has made. */
  async #adopt(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const { requestId, clusterTag } = request;
    const found = await this.#read(requestId, signal);
    if (!found) throw new ProviderError('conflict', `${requestId} exists, and is not shown yet`);
    if (found.tags?.[TAGS.request] !== requestId || found.tags[TAGS.cluster] !== clusterTag)
      throw new ProviderError('config', `a machine ${requestId} exists that was not made for this request`);
    if (hasFailed(found)) return await this.#afterFailure(request, null, signal);
    const machine = this.#machine(found);
    if (machine.state !== 'terminating') return { machines: [machine], failures: [] };
    throw new ProviderError('conflict', `${requestId} is being deleted`);
  }

  /** The machine, where there is one in spite of the failure; else what is left of it is deleted. */
  async #afterFailure(
    request: MachineRequest,
    error: ProviderError | null,
    signal: AbortSignal,
  ): Promise<CreateResult> {
    const path = this.#path(request.requestId);
    const left = await this.#read(request.requestId, signal, 'instanceView');
    const { capacityType } = request.offering;
    const death = left && deathOf(left.properties.instanceView?.statuses, capacityType);
    if (left && death === null) return { machines: [this.#machine(left)], failures: [] };
    const isNowhere = error?.errorClass === 'capacity' || error?.errorClass === 'quota';
    // Also where reads do not show them yet; where it fails, listings will show the remains.
    if (left || isNowhere)
      await this.#parts.arm.call({ method: 'DELETE', path, apiVersion: COMPUTE }, signal).catch(() => null);
    return { machines: [], failures: [error ?? death ?? new ProviderError('transient', 'its machine is gone')] };
  }

  /**
   * A machine that may have failed. Its remains are shown as going, so that whoever waits for it gives it up at once;
   * later, where nobody did, as a machine that belongs to nobody.
   */
  async #seen(found: ArmMachine, signal: AbortSignal): Promise<Machine> {
    const machine = this.#machine(found);
    if (!hasFailed(found)) return machine;
    const capacityType = capacityTypeOf(found);
    const whole = await this.#read(found.name, signal, 'instanceView');
    const death = whole ? deathOf(whole.properties.instanceView?.statuses, capacityType) : null;
    if (whole && death === null) return { ...machine, state: 'running' };
    const instanceType = found.properties.hardwareProfile?.vmSize ?? '';
    const kind = { region: found.location, zones: found.zones ?? [], instanceType, capacityType };
    if (death) this.#late.add(kind, death, machine.createdMs);
    const isRecent = this.#parts.clock.nowMs() - machine.createdMs < REMAINS_MS;
    return { ...machine, state: isRecent ? 'terminating' : 'starting' };
  }

  async #read(name: string, signal: AbortSignal, expand?: 'instanceView'): Promise<ArmMachine | null> {
    const query = expand && { $expand: expand };
    const path = this.#path(name);
    const body = await this.#parts.arm.read({ path, apiVersion: COMPUTE, ...(query && { query }) }, signal);
    return body === null ? null : parseMachine(body);
  }

  #machine(answer: ArmMachine): Machine {
    const nowMs = this.#parts.clock.nowMs();
    // Azure writes ids in capitals at times; ours is the one that the machine was told.
    const providerId = providerIdOf(this.#path(answer.name));
    return machineOf(answer, { id: answer.name, providerId, group: null, nowMs });
  }

  #path(name: string): string {
    if (!/^[a-zA-Z0-9]([\w.-]{0,62}[a-zA-Z0-9])?$/.test(name))
      throw new ProviderError('config', `${JSON.stringify(name)} is no name of a virtual machine`);
    return machinePath(this.#parts.config, name);
  }
}

function kindOf(offering: OfferingConfig) {
  return { ...offering, zones: armZones(offering) };
}
