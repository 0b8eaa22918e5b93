import { CloudError } from '../../cloud/errors.ts';
import type { Machine } from '../../cloud/machine.ts';
import type { SimulatedCloud } from '../../cloud/simulated-cloud.ts';
import type { Timeline } from '../../timeline/index.ts';
import type { JsonObject } from '../objects/json.ts';
import type { KindName } from '../objects/kinds.ts';
import {
  type Condition,
  isTerminating,
  type Labels,
  type MachineGroupObject,
  type MachineObject,
  type StoredObject,
  withCondition,
} from '../objects/objects.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { Registry } from '../store/registry.ts';

const GROUPS = {
  machinedeployments: { kind: 'MachineDeployment', label: 'cluster.x-k8s.io/deployment-name' },
  machinepools: { kind: 'MachinePool', label: 'cluster.x-k8s.io/pool-name' },
} as const;
type GroupKind = keyof typeof GROUPS;

const DELETE_MACHINE = 'cluster.x-k8s.io/delete-machine';
const FINALIZER = 'machine.cluster.x-k8s.io';
const RECONCILE_MS = 1_000;
const RETRY_MS = 30_000;

/**
 * The controllers of Cluster API, in a cluster that manages itself: each group has as many Machines as it asks for, each
 * Machine a machine of the cloud, of the type that its `infrastructureRef` names, in the zone of its failure domain. Of too
 * many, those go first that are marked for it, then those without a node, then the oldest. A machine that the cloud refuses
 * says so in its conditions, and is asked for again.
 */
export class MachineGroups {
  readonly #registry: Registry;
  readonly #timeline: Timeline;
  readonly #cloud: SimulatedCloud;
  readonly #triedMs = new Map<string, number>();
  readonly #region: string;

  constructor(registry: Registry, timeline: Timeline, cloud: SimulatedCloud) {
    this.#registry = registry;
    this.#timeline = timeline;
    this.#cloud = cloud;
    this.#region = cloud.offerings()[0]?.region ?? 'local';
    this.#next();
  }

  #next(): void {
    this.#timeline.after(RECONCILE_MS, () => {
      for (const kind of ['machinedeployments', 'machinepools'] as const)
        for (const group of [...this.#registry.store.objects(kind)]) this.#scale(kind, group);
      for (const machine of [...this.#registry.store.objects('machines')]) this.#reconcile(machine);
      this.#next();
    });
  }

  #scale(kind: GroupKind, group: MachineGroupObject): void {
    const machines = this.#machinesOf(kind, group).filter((one) => !isTerminating(one));
    const wanted = group.spec.replicas ?? 1;
    for (let missing = wanted - machines.length; missing > 0; missing--) this.#createMachine(kind, group);
    const surplus = machines.sort(byDispensability).slice(0, Math.max(0, machines.length - wanted));
    for (const machine of surplus) this.#registry.delete('machines', machine as unknown as StoredObject);
    const ready = machines.filter(({ status }) => status?.nodeRef !== undefined).length;
    this.#update(kind, group, { replicas: this.#machinesOf(kind, group).length, readyReplicas: ready });
  }

  #machinesOf(kind: GroupKind, { metadata }: MachineGroupObject): MachineObject[] {
    return [...this.#registry.store.objects('machines')].filter(
      (one) =>
        one.metadata.labels?.[GROUPS[kind].label] === metadata.name && one.metadata.namespace === metadata.namespace,
    );
  }

  #createMachine(kind: GroupKind, { metadata, spec }: MachineGroupObject): void {
    const { name, namespace = '', uid } = metadata;
    const owner = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: GROUPS[kind].kind, name, uid, controller: true };
    const labels = {
      ...spec.template.metadata?.labels,
      'cluster.x-k8s.io/cluster-name': spec.clusterName,
      [GROUPS[kind].label]: name,
    };
    this.#registry.create('machines', {
      metadata: { generateName: `${name}-`, namespace, labels, ownerReferences: [owner], finalizers: [FINALIZER] },
      spec: { ...spec.template.spec, clusterName: spec.clusterName },
    });
  }

  #reconcile(machine: MachineObject): void {
    const made = this.#cloud.list().find(({ token }) => token === machine.metadata.uid);
    if (isTerminating(machine)) this.#end(machine, made?.id ?? null);
    else if (made === undefined) this.#launch(machine);
    else this.#follow(machine, made);
  }

  #follow(machine: MachineObject, made: Machine): void {
    const node = this.#registry.store.get('nodes', '', made.nodeName);
    const status = {
      ...machine.status,
      phase: node ? 'Running' : 'Provisioned',
      ...(node && { nodeRef: { name: made.nodeName } }),
      conditions: this.#condition(machine, 'True', 'Ready', ''),
    };
    const next = { ...machine, spec: { ...machine.spec, providerID: made.providerId }, status };
    this.#registry.update('machines', next as unknown as StoredObject);
  }

  #launch(machine: MachineObject): void {
    const { uid, name } = machine.metadata;
    const nowMs = this.#timeline.nowMs();
    if (nowMs - (this.#triedMs.get(uid) ?? Number.NEGATIVE_INFINITY) < RETRY_MS) return;
    this.#triedMs.set(uid, nowMs);
    try {
      const labels = nodeLabels(machine);
      const tags = { token: uid, requestId: '', clusterTag: '', pool: '', labels, taints: [] };
      this.#cloud.create({ ...tags, nodeName: name, offering: this.#offeringOf(machine) });
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      const conditions = this.#condition(machine, 'False', 'InstanceProvisionFailed', error.message);
      this.#update('machines', machine, { ...machine.status, phase: 'Provisioning', conditions } as JsonObject);
    }
  }

  #offeringOf({ spec }: MachineObject) {
    const { infrastructureRef, failureDomain } = spec as unknown as {
      readonly infrastructureRef?: { readonly name?: string };
      readonly failureDomain?: string;
    };
    const instanceType = infrastructureRef?.name ?? '';
    return { instanceType, region: this.#region, zone: failureDomain ?? 'a', capacityType: 'on_demand' } as const;
  }

  #condition(
    { status }: MachineObject,
    value: 'True' | 'False',
    reason: string,
    message: string,
  ): readonly Condition[] {
    const lastTransitionTime = timestamp(this.#timeline.nowMs());
    const condition = { type: 'InfrastructureReady', status: value, reason, message, lastTransitionTime };
    return withCondition(status?.conditions, condition);
  }

  /** The Machine is there until its machine is gone; its Node goes with it. */
  #end(machine: MachineObject, id: string | null): void {
    if (id !== null) {
      this.#cloud.terminate(id);
      return;
    }
    const node = this.#registry.store.get('nodes', '', machine.status?.nodeRef?.name ?? '');
    if (node) this.#registry.delete('nodes', node);
    const { finalizers: _finalizers, ...metadata } = machine.metadata;
    this.#triedMs.delete(metadata.uid);
    this.#registry.update('machines', { ...machine, metadata } as unknown as StoredObject);
  }

  #update(kind: KindName, object: { readonly metadata: StoredObject['metadata'] }, status: JsonObject): void {
    const { name, namespace = '' } = object.metadata;
    const present = this.#registry.store.get(kind, namespace, name) as unknown as StoredObject | undefined;
    if (present) this.#registry.update(kind, { ...present, status: { ...present.status, ...status } });
  }
}

/** The template's own, as a bootstrap configuration gives them to its nodes. */
function nodeLabels({ metadata: { labels = {} } }: MachineObject): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !key.startsWith('cluster.x-k8s.io/')));
}

/** Who goes first. */
function byDispensability(a: MachineObject, b: MachineObject): number {
  const rank = ({ metadata, status }: MachineObject) =>
    DELETE_MACHINE in (metadata.annotations ?? {}) ? 0 : status?.nodeRef === undefined ? 1 : 2;
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  const [createdA, createdB] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (createdA !== createdB) return createdA < createdB ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
