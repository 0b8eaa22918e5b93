import { offeringId, type PoolNode, type StartingNode, unitsOf } from '@forescale/actuator/plan';
import { type OfferingConfig, POOL_LABEL, type PoolConfig } from '@forescale/shared/config';
import type { ClusterNode, ClusterPod } from '@forescale/shared/domain';
import { parseNode, parsePod } from '@forescale/shared/kubernetes';
import { CloudError, type Machine } from '../cloud/index.ts';
import type { SimulatedCluster } from '../cluster/index.ts';
import type { MachineCount, Machinery } from '../replay/index.ts';

interface Seen {
  readonly machine: Machine;
  readonly offering: OfferingConfig;
  readonly node: ClusterNode;
  readonly pods: readonly ClusterPod[];
}

/**
 * The machines of a whole simulated cluster, as policies see them in a replay: nodes and pods are read from its API, and
 * drains go through it, cordoned first, evicted within the budgets, ended once they are empty.
 */
export class ClusterMachines implements Machinery {
  readonly #cluster: SimulatedCluster;
  readonly #pool: PoolConfig;
  readonly #draining = new Set<string>();
  /** Nodes that have been Ready. */
  readonly #known = new Set<string>();
  #nodes: readonly Seen[] = [];
  #starting: readonly { readonly machine: Machine; readonly offering: OfferingConfig }[] = [];
  #pending: readonly ClusterPod[] = [];
  #ordinal = 0;

  constructor(cluster: SimulatedCluster, pool: PoolConfig) {
    this.#cluster = cluster;
    this.#pool = pool;
    this.look();
  }

  /** Reads everything anew, and moves drains on. */
  look(): void {
    this.#read();
    for (const name of [...this.#draining]) this.#empty(name);
  }

  nodes(): readonly PoolNode[] {
    return this.#nodes.map((seen) => this.#asNode(seen));
  }

  starting(): readonly StartingNode[] {
    return this.#starting.map(({ machine, offering }) => ({
      requestId: machine.id,
      requestedMs: machine.requestedMs,
      offering,
      nodeName: null,
    }));
  }

  pendingPods(): readonly ClusterPod[] {
    return this.#pending;
  }

  count(): MachineCount {
    const serving = this.#nodes.filter(({ node }) => node.ready && !this.#draining.has(node.name));
    const all = [...this.#nodes, ...this.#starting];
    return {
      ready: serving.length,
      starting: this.#starting.length,
      draining: this.#nodes.filter(({ node }) => this.#draining.has(node.name)).length,
      spot: all.filter(({ offering }) => offering.capacityType === 'spot').length,
      readyUnits: serving.reduce((sum, seen) => sum + this.#unitsOf(seen.offering), 0),
      usdPerHour: all.reduce((sum, { offering }) => sum + offering.usdPerHour, 0),
    };
  }

  create(offering: OfferingConfig): boolean {
    const { instanceType, region, zone, capacityType } = offering;
    const { template, name: pool } = this.#pool;
    const nodeName = `${pool}-${++this.#ordinal}`;
    const request = {
      token: nodeName,
      requestId: nodeName,
      clusterTag: this.#cluster.clusterId,
      pool,
      nodeName,
      offering: { instanceType, region, zone, capacityType },
      labels: { ...template.labels, [POOL_LABEL]: pool },
      taints: template.taints,
    };
    try {
      this.#starting = [...this.#starting, { machine: this.#cluster.cloud.create(request), offering }];
      return true;
    } catch (error) {
      if (error instanceof CloudError) return false;
      throw error;
    }
  }

  drain(nodeName: string): void {
    if (this.#draining.has(nodeName)) return;
    this.#draining.add(nodeName);
    this.#patchNode(nodeName, true);
    this.#empty(nodeName);
  }

  cancelDrain(nodeName: string): void {
    if (!this.#draining.delete(nodeName)) return;
    this.#patchNode(nodeName, false);
  }

  cancelStart(requestId: string): void {
    this.#cluster.cloud.terminate(requestId);
    this.#starting = this.#starting.filter(({ machine }) => machine.id !== requestId);
  }

  #read(): void {
    const nodes = new Map(
      this.#list('/api/v1/nodes')
        .map(parseNode)
        .map((node) => [node.name, node]),
    );
    const pods = this.#list('/api/v1/pods').flatMap((raw) => parsePod(raw) ?? []);
    const byNode = Map.groupBy(pods, (pod) => pod.nodeName ?? '');
    const machines = this.#cluster.cloud
      .list({ clusterTag: this.#cluster.clusterId })
      .filter(({ state }) => state === 'starting' || state === 'running')
      .map((machine) => ({ machine, offering: this.#offeringOf(machine), node: nodes.get(machine.nodeName) }));
    for (const { node } of machines) if (node?.ready) this.#known.add(node.name);
    this.#nodes = machines.flatMap(({ machine, offering, node }) =>
      node && this.#known.has(node.name) ? [{ machine, offering, node, pods: byNode.get(node.name) ?? [] }] : [],
    );
    this.#starting = machines.filter(({ machine }) => !this.#known.has(machine.nodeName));
    this.#pending = (byNode.get('') ?? []).filter((pod) => !pod.terminating);
  }

  /** Asks every pod to leave; what a budget holds back is asked again a minute later. */
  #empty(nodeName: string): void {
    const seen = this.#nodes.find(({ node }) => node.name === nodeName);
    if (!seen) {
      this.#draining.delete(nodeName);
      return;
    }
    const leaving = seen.pods.filter(({ ownerKind }) => ownerKind !== 'DaemonSet');
    for (const { namespace, name, terminating } of leaving) {
      if (terminating) continue;
      this.#cluster.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
      });
    }
    if (leaving.length > 0) return;
    this.#cluster.request('DELETE', `/api/v1/nodes/${nodeName}`);
    this.#cluster.cloud.terminate(seen.machine.id);
    this.#draining.delete(nodeName);
    this.#nodes = this.#nodes.filter(({ node }) => node.name !== nodeName);
  }

  #patchNode(nodeName: string, unschedulable: boolean): void {
    this.#cluster.request('PATCH', `/api/v1/nodes/${nodeName}`, { spec: { unschedulable } });
  }

  #list(path: string): unknown[] {
    const { status, body } = this.#cluster.request('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: HTTP ${status}`);
    return (JSON.parse(body) as { items: unknown[] }).items;
  }

  #offeringOf({ offering: of }: Machine): OfferingConfig {
    const offering = this.#pool.offerings.find(
      (one) => one.instanceType === of.instanceType && one.zone === of.zone && one.capacityType === of.capacityType,
    );
    if (!offering) throw new Error(`${of.id} is none of the pool's offerings`);
    return offering;
  }

  #unitsOf({ allocatable }: OfferingConfig): number {
    return unitsOf(allocatable, this.#pool.template.allocatable);
  }

  #asNode({ machine, offering, node, pods }: Seen): PoolNode {
    const draining = this.#draining.has(node.name);
    const { instanceType, zone, capacityType, usdPerHour } = offering;
    return {
      name: node.name,
      labels: node.labels,
      taints: node.taints,
      allocatable: node.allocatable,
      units: this.#unitsOf(offering),
      pods,
      owned: true,
      offeringId: offeringId(offering),
      instanceType,
      zone,
      capacityType,
      usdPerHour,
      createdMs: machine.requestedMs,
      phase: machine.reclaimMs !== null ? 'leaving' : draining ? 'draining' : node.ready ? 'ready' : 'notready',
      keptBecause: null,
      interruptedMs: machine.reclaimMs,
    };
  }
}
