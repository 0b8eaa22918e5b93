import type { OfferingConfig, SingleProviderConfig } from '@forescale/shared/config';
import { connectKubernetes } from '@forescale/shared/kubernetes';
import { ProviderError } from '../errors.ts';
import type { CreateResult, Machine, MachineGroups, MachineProvider, MachineRequest, Place } from '../port.ts';
import type { ProviderParts } from '../registry.ts';
import { failureOf } from './failures.ts';
import { GroupApi, type GroupConfig } from './group-api.ts';
import { boundsOf, type CapiMachine, isLeaving, isMade, isMarked } from './objects.ts';

export type ClusterApiConfig = Extract<SingleProviderConfig, { kind: 'clusterapi' }>;

/** Others write the same objects, their controllers most of all. */
const TRIES_MAX = 8;

/**
 * MachineDeployments and MachinePools of a management cluster, resized by their scale. Sizes are written at the version
 * that was read, so that of many writers none undoes another. A machine that is to leave is marked, and leaves when its
 * group is made smaller by one.
 */
export class ClusterApiProvider implements MachineProvider {
  readonly kind = 'clusterapi';
  readonly groups: MachineGroups = {
    groupOf: (offering) => {
      const group = this.#config.groups.find((one) => sells(one, offering));
      return group ? keyOf(group) : null;
    },
    trim: (group, _place, size, signal) => this.#trim(this.#named(group), size, signal),
  };
  readonly #config: ClusterApiConfig;
  readonly #api: GroupApi;

  constructor(config: ClusterApiConfig, { kube, clock }: ProviderParts) {
    const { kubeconfig, context } = config;
    const management = kubeconfig === null ? kube : connectKubernetes({ url: null, kubeconfig, context }, 'provider');
    if (management === null)
      throw new ProviderError(
        'config',
        'provider.kind = clusterapi needs a cluster: kubeconfig, or kubernetes.enabled',
      );
    this.#config = config;
    this.#api = new GroupApi(management, config.namespace, clock);
  }

  async create(request: MachineRequest, signal: AbortSignal): Promise<CreateResult> {
    const group = this.#config.groups.find((one) => sells(one, request.offering));
    if (!group) throw new ProviderError('config', `no group of the provider sells ${request.offering.instanceType}`);
    const refused = await this.#raise(group, request.groupSize, signal);
    const machines = await this.#api.machines(group, signal);
    const staying = machines.filter((one) => !isLeaving(one) && !isMarked(one));
    const failed = staying
      .filter((one) => !isMade(one))
      .flatMap((one) => failureOf(one) ?? [])
      .filter(({ sinceMs }) => sinceMs === null || sinceMs >= Math.floor(request.createdMs / 1_000) * 1_000);
    // The group may have been told to have more, of which nothing is lacking here.
    const missing = request.groupSize - refused.length - staying.filter(isMade).length;
    const told = failed.slice(0, Math.max(0, missing)).map(({ error }) => error);
    return { machines: [], failures: [...refused, ...told] };
  }

  /** What of the size may not be. */
  async #raise(group: GroupConfig, wanted: number, signal: AbortSignal): Promise<readonly ProviderError[]> {
    let max = Number.POSITIVE_INFINITY;
    await this.#rewrite(group, signal, (present) => {
      ({ max } = boundsOf(present));
      const size = Math.min(wanted, max);
      return size > present.spec.replicas ? size : null;
    });
    const why = `${keyOf(group)}: ${wanted} machines are more than its annotation for the maximum allows, ${max}`;
    return Array.from({ length: Math.max(0, wanted - max) }, () => new ProviderError('quota', why));
  }

  async find(): Promise<readonly Machine[]> {
    return [];
  }

  /** Machines whose infrastructure is there. */
  async list(_clusterTag: string, signal: AbortSignal): Promise<readonly Machine[]> {
    const listed = await Promise.all(
      this.#config.groups.map(async (group) => {
        const machines = await this.#api.machines(group, signal);
        return machines.filter(isMade).map((one) => shown(one, group));
      }),
    );
    return listed.flat();
  }

  async interruptions(): Promise<readonly never[]> {
    return [];
  }

  async terminate(machineId: string, _place: Place, signal: AbortSignal): Promise<'terminating' | 'gone'> {
    const machine = (await this.#api.machine(machineId, signal)) ?? (await this.#listed(machineId, signal));
    if (machine === undefined) return 'gone';
    if (isLeaving(machine)) return 'terminating';
    const group = this.#config.groups.find((one) => this.#api.owns(one, machine));
    if (!group) throw new ProviderError('config', `Machine ${machineId} is of no group of the provider`);
    if (!isMarked(machine)) await this.#api.mark(machineId, signal);
    await this.#lower(group, machineId, signal);
    return 'terminating';
  }

  /** Kubernetes answers 404 also for a kind that it serves no more, and a proxy for anything: a listing fails then. */
  async #listed(machineId: string, signal: AbortSignal): Promise<CapiMachine | undefined> {
    const listed = await Promise.all(this.#config.groups.map((group) => this.#api.machines(group, signal)));
    return listed.flat().find(({ metadata }) => metadata.name === machineId);
  }

  /**
   * Lowers the group by what is marked and not yet counted off: of 5 machines, 2 of them marked, in a group of 4, one is
   * counted off already, and 3 is its size to be. While the group still makes machines, nothing would be removed for it.
   */
  async #lower(group: GroupConfig, machineId: string, signal: AbortSignal): Promise<void> {
    let machines: readonly CapiMachine[] = [];
    const look = async () => {
      machines = (await this.#api.machines(group, signal)).filter((one) => !isLeaving(one));
    };
    await this.#rewrite(
      group,
      signal,
      (present) => {
        const { replicas } = present.spec;
        const marked = machines.filter(isMarked).length;
        const size = machines.length - marked;
        if (machines.length < replicas || size >= replicas) return null;
        const { min } = boundsOf(present);
        if (size < min)
          throw new ProviderError(
            'config',
            `${keyOf(group)} cannot do without Machine ${machineId}: its annotation for the minimum says ${min}`,
          );
        return size;
      },
      look,
    );
  }

  /** Marks what has not been made, so that nothing else goes. */
  async #trim(group: GroupConfig, wanted: number, signal: AbortSignal): Promise<void> {
    let unmade: readonly CapiMachine[] = [];
    let members = 0;
    const look = async () => {
      const machines = (await this.#api.machines(group, signal)).filter((one) => !isLeaving(one));
      unmade = machines.filter((one) => !isMade(one)).sort(youngestFirst);
      members = machines.length - unmade.length;
      const excess = unmade
        .filter((one) => !isMarked(one))
        .slice(0, Math.max(0, machines.length - Math.max(wanted, members)));
      await Promise.all(excess.map(({ metadata }) => this.#api.mark(metadata.name, signal)));
    };
    await this.#rewrite(
      group,
      signal,
      (present) => {
        const size = Math.max(wanted, members, boundsOf(present).min);
        return size < present.spec.replicas ? size : null;
      },
      look,
    );
  }

  /** Writes the size that `sizeOf` makes of what is there, null: none; anew where somebody else was faster. */
  async #rewrite(
    group: GroupConfig,
    signal: AbortSignal,
    sizeOf: (present: Awaited<ReturnType<GroupApi['group']>>) => number | null,
    look: () => Promise<void> = async () => {},
  ): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const present = await this.#api.group(group, signal);
      await look();
      const size = sizeOf(present);
      if (size === null || (await this.#api.resize(group, size, present.metadata.resourceVersion, signal))) return;
    }
    throw new ProviderError('transient', `${keyOf(group)} changes faster than it can be written`, { ambiguous: false });
  }

  #named(key: string): GroupConfig {
    const group = this.#config.groups.find((one) => keyOf(one) === key);
    if (group) return group;
    throw new ProviderError('config', `the provider has no group ${key} any more`);
  }
}

function keyOf({ kind, name }: GroupConfig): string {
  return kind === 'machine_pool' ? `machinepool/${name}` : `machinedeployment/${name}`;
}

function sells(group: GroupConfig, { instanceType, region, zone, capacityType }: OfferingConfig): boolean {
  return (
    group.instanceType === instanceType &&
    group.region === region &&
    (group.zone === null || group.zone === zone) &&
    (group.capacityType === null || group.capacityType === capacityType)
  );
}

function shown(machine: CapiMachine, group: GroupConfig): Machine {
  const { metadata, spec, status } = machine;
  const nodeName = status.nodeRef.name;
  return {
    id: metadata.name,
    providerId: spec.providerID,
    requestId: '',
    nodeName,
    pool: '',
    state: isLeaving(machine) ? 'terminating' : nodeName === '' ? 'starting' : 'running',
    createdMs: createdMsOf(machine),
    place: { provider: '', region: group.region },
    group: keyOf(group),
  };
}

function createdMsOf({ metadata }: CapiMachine): number {
  const createdMs = Date.parse(metadata.creationTimestamp);
  return Number.isFinite(createdMs) ? createdMs : 0;
}

function youngestFirst(a: CapiMachine, b: CapiMachine): number {
  return createdMsOf(b) - createdMsOf(a) || (a.metadata.name < b.metadata.name ? -1 : 1);
}
