import type { GcpMachinesConfig } from '@forescale/shared/config';
import type { Clock } from '@forescale/shared/time';
import { asProviderError, ProviderError } from '../errors.ts';
import { readToken, userData } from '../join/index.ts';
import type { CreateResult, Interruption, Machine, MachineProvider, MachineRequest, Place } from '../port.ts';
import { instanceSchema, type Operation, operationSchema } from './answers.ts';
import { type GcpApi, hasFailed } from './api.ts';
import { instanceBody, machineOf, zoneOf } from './instance.ts';
import { instancesWhere, preempted } from './instances.ts';
import { callId, instanceName, LABELS, labelFilter, lastOf, machineId, providerIdOf } from './names.ts';

/** For the call and its operation together: less than the 15 s that every call has. */
const CREATE_MS = 11_000;

/** Operations of one call that failed before, and that Compute Engine answers the call with. */
const FAILED_MAX = 5;

/** Single machines of one project. */
export class GcpMachines implements MachineProvider {
  readonly kind = 'gcp';
  readonly #api: GcpApi;
  readonly #machines: GcpMachinesConfig;
  readonly #clock: Clock;

  constructor(api: GcpApi, machines: GcpMachinesConfig, clock: Clock) {
    this.#api = api;
    this.#machines = machines;
    this.#clock = clock;
  }

  /**
   * Rejects with what the operation failed with; resolves also to a machine whose operation is under way for longer than
   * a call may take, since Compute Engine shows it from the start.
   */
  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const endMs = this.#clock.nowMs() + CREATE_MS;
    const zone = zoneOf(request.offering);
    const { join } = this.#machines;
    const joinToken = join === null ? '' : await readToken(join.tokenFile);
    const body = { ...instanceBody(this.#machines, request), ...this.#metadata(zone, request, joinToken) };
    let operation: Operation;
    try {
      operation = await this.#insert(zone, body, request.token, joinToken, signal);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.errorClass !== 'conflict') throw error;
      return { machines: [await this.#existing(zone, body.name, request, error, signal)], failures: [] };
    }
    await this.#api.finish(`zones/${zone}`, operation, endMs, signal);
    return { machines: [this.#made(zone, request, operation)], failures: [] };
  }

  async find(requestId: string, _place: Place, signal: AbortSignal): Promise<readonly Machine[]> {
    return await this.#list(labelFilter(LABELS.request, requestId), signal);
  }

  async list(clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    return await this.#list(labelFilter(LABELS.cluster, clusterTag), signal);
  }

  async terminate(id: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const [zone = '', name = '', ...rest] = id.split('/');
    // Of a time when the pool's machines came in groups: that it is not here does not say that it is gone.
    if (zone === '' || name === '' || rest.length > 0)
      throw new ProviderError('config', `${id} is no machine made one by one: look for it in Google Cloud`);
    const url = this.#api.compute(`zones/${encodeURIComponent(zone)}/instances/${encodeURIComponent(name)}`);
    const operation = await this.#api.callIfThere(operationSchema, 'DELETE', url, signal);
    return operation === null ? 'gone' : 'terminating';
  }

  /** Seen after the fact, and for half a minute: that a Node says it itself is sooner known, and this says why. */
  async interruptions(clusterTag: string, signal: AbortSignal): Promise<readonly Interruption[]> {
    const filter = `${labelFilter(LABELS.cluster, clusterTag)} AND (status = "STOPPING")`;
    const stopping = (await instancesWhere(this.#api, filter, signal)).map((instance) => {
      const { id, nodeName } = machineOf(this.#api.project, instance);
      return { machineId: id, nodeName, zone: lastOf(instance.zone), id: instance.id };
    });
    return await preempted(this.#api, stopping, signal);
  }

  /**
   * The same `requestId` is answered with the same operation, also with one that has failed; after such a one it is asked
   * anew. The name sees to it that nothing is made twice.
   */
  async #insert(zone: string, body: object, token: string, joinToken: string, signal: AbortSignal): Promise<Operation> {
    for (let failed = 0; ; failed++) {
      const url = this.#api.compute(`zones/${zone}/instances`, { requestId: callId(token, failed) });
      const operation = await this.#api.call(operationSchema, 'POST', url, signal, body, [joinToken]);
      if (!hasFailed(operation) || failed >= FAILED_MAX) return operation;
    }
  }

  /** What has the name is the machine of an earlier call; if it is another's, nobody may take it. */
  async #existing(
    zone: string,
    name: string,
    request: MachineRequest,
    conflict: ProviderError,
    signal: AbortSignal,
  ): Promise<Machine> {
    const url = this.#api.compute(`zones/${zone}/instances/${name}`);
    const instance = await this.#api.callIfThere(instanceSchema, 'GET', url, signal).catch((error: unknown) => {
      // Whatever is wrong with looking, something has the name.
      throw asProviderError(error).withAmbiguity(true);
    });
    if (instance === null) throw conflict;
    const machine = machineOf(this.#api.project, instance);
    const isOurs = machine.requestId === request.requestId && instance.labels[LABELS.cluster] === request.clusterTag;
    if (!isOurs)
      throw new ProviderError('config', `${zone}/${name} exists, and is not of request ${request.requestId}`);
    // One that goes serves nobody; its name is free when it has gone.
    if (machine.state === 'terminating') throw conflict;
    return machine;
  }

  #made(zone: string, request: MachineRequest, { insertTime }: Operation): Machine {
    const name = instanceName(request.nodeName);
    return {
      id: machineId(zone, name),
      providerId: providerIdOf(this.#api.project, zone, name),
      requestId: request.requestId,
      nodeName: request.nodeName,
      pool: request.pool,
      state: 'starting',
      createdMs: insertTime ?? this.#clock.nowMs(),
      place: { provider: '', region: request.offering.region },
      group: null,
    };
  }

  /** User data holds the token to join with: it goes into this call, and nowhere else. */
  #metadata(zone: string, request: MachineRequest, token: string) {
    const { join } = this.#machines;
    if (join === null) return {};
    const providerId = providerIdOf(this.#api.project, zone, instanceName(request.nodeName));
    const value = userData({
      join,
      token,
      request,
      providerIdCommand: `echo ${providerId}`,
    });
    return { metadata: { items: [{ key: 'user-data', value }] } };
  }

  async #list(filter: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const instances = await instancesWhere(this.#api, filter, signal);
    return instances.map((instance) => machineOf(this.#api.project, instance));
  }
}
