import type { ClusterNode, ClusterPod, ClusterState, Taint } from '@forescale/shared/domain';
import type {
  ClusterEvent,
  ClusterReader,
  ClusterWriter,
  EvictionResult,
  NodeChange,
} from '@forescale/shared/kubernetes';
import { Gate } from './gate.ts';

/** A cluster in memory: nodes that are changed, pods that are evicted unless a budget protects them. */
export class FakeCluster implements ClusterReader, ClusterWriter {
  readonly nodes = new Map<string, ClusterNode>();
  readonly pods = new Map<string, ClusterPod>();
  readonly events: ClusterEvent[] = [];
  /** Names of pods that a PodDisruptionBudget protects now. */
  readonly budgeted = new Set<string>();
  /** Pods deleted past the eviction API. */
  readonly deletedPods: string[] = [];
  gate = new Gate();
  away = false;

  read(nowMs: number): Promise<ClusterState> {
    return this.#effect(() => ({ atMs: nowMs, nodes: [...this.nodes.values()], pods: [...this.pods.values()] }));
  }

  async podUsage(): Promise<null> {
    return null;
  }

  async usage(): Promise<null> {
    return null;
  }

  clusterId(): Promise<string> {
    return this.#effect(() => 'cluster-1');
  }

  changeNode(name: string, change: NodeChange): Promise<boolean> {
    return this.#effect(() => {
      const node = this.nodes.get(name);
      if (!node) return false;
      this.nodes.set(name, {
        ...node,
        unschedulable: change.unschedulable ?? node.unschedulable,
        labels: merged(node.labels, change.labels),
        annotations: merged(node.annotations, change.annotations),
        taints: changedTaints(node.taints, change),
      });
      return true;
    });
  }

  evictPod(_namespace: string, name: string): Promise<EvictionResult> {
    return this.#effect(() => {
      if (!this.pods.has(name)) return 'gone';
      if (this.budgeted.has(name)) return 'blocked';
      this.pods.delete(name);
      return 'evicted';
    });
  }

  deletePod(_namespace: string, name: string): Promise<void> {
    return this.#effect(() => {
      if (this.pods.delete(name)) this.deletedPods.push(name);
    });
  }

  deleteNode(name: string): Promise<void> {
    return this.#effect(() => void this.nodes.delete(name));
  }

  createEvent(event: ClusterEvent): Promise<void> {
    return this.#effect(() => void this.events.push(event));
  }

  addNode(node: Partial<ClusterNode> & { readonly name: string }): void {
    this.nodes.set(node.name, {
      uid: `uid-${node.name}`,
      providerId: '',
      createdMs: 0,
      ready: true,
      readyChangedMs: 0,
      notReadyBecause: '',
      unschedulable: false,
      labels: {},
      annotations: {},
      taints: [],
      allocatable: { cpuMillicores: 4_000, memoryBytes: 2 ** 34, pods: 110, gpus: 0 },
      ...node,
    });
  }

  addPod(pod: Partial<ClusterPod> & { readonly name: string }): void {
    this.pods.set(pod.name, {
      namespace: 'default',
      uid: `uid-${pod.name}`,
      createdMs: 0,
      nodeName: null,
      phase: 'Running',
      unschedulable: false,
      terminating: false,
      requests: { cpuMillicores: 500, memoryBytes: 2 ** 29, pods: 1, gpus: 0 },
      labels: {},
      annotations: {},
      nodeSelector: {},
      tolerations: [],
      rules: null,
      priority: 0,
      ownerKind: 'ReplicaSet',
      localStorage: false,
      ...pod,
    });
  }

  #effect<T>(act: () => T): Promise<T> {
    return this.gate.effect(() => {
      if (this.away) throw new Error('the API server is away');
      return act();
    });
  }
}

function merged(
  before: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>> | undefined,
): Record<string, string> {
  const all = Object.entries({ ...before, ...change });
  return Object.fromEntries(all.filter((one): one is [string, string] => one[1] !== null));
}

function changedTaints(before: readonly Taint[], change: NodeChange): Taint[] {
  const added = change.addTaints ?? [];
  const kept = before.filter(
    (taint) => !change.removeTaintKeys?.includes(taint.key) && !added.some((one) => one.key === taint.key),
  );
  return [...kept, ...added];
}
