import type { ClusterNode, ClusterPod, ClusterState } from '@forescale/shared/domain';
import {
  type ClusterEvent,
  type ClusterReader,
  type ClusterWriter,
  type EvictionResult,
  KubernetesRefusedError,
  KubernetesUnavailableError,
  type NodeChange,
  parseNode,
  parsePod,
} from '@forescale/shared/kubernetes';
import type { SimulatedCluster } from '@forescale/simulator/cluster';
import type { Observer } from '../observe/observer.ts';
import type { Link } from './link.ts';

const TIMEOUT_MS = 30_000;
const LATENCY_MS = 5;

/** The simulated Kubernetes API without HTTP: what the real client makes of it, with the same outcomes. */
export class KubePort implements ClusterReader, ClusterWriter {
  readonly #cluster: SimulatedCluster;
  readonly #link: Link;
  readonly #observer: Observer;
  readonly #seen: SeenObjects;

  constructor(cluster: SimulatedCluster, link: Link, observer: Observer, seen: SeenObjects) {
    this.#cluster = cluster;
    this.#link = link;
    this.#observer = observer;
    this.#seen = seen;
  }

  async read(nowMs: number): Promise<ClusterState> {
    const [nodes, pods] = await Promise.all([
      this.#call('read', () => this.#seen.nodes(this.#cluster)),
      this.#call('read', () => this.#seen.pods(this.#cluster)),
    ]);
    return { atMs: nowMs, nodes, pods };
  }

  clusterId(): Promise<string> {
    return this.#call('read', () => this.#cluster.clusterId);
  }

  async usage(): Promise<null> {
    return null;
  }

  async podUsage(): Promise<null> {
    return null;
  }

  changeNode(name: string, change: NodeChange): Promise<boolean> {
    return this.#call('write', () => {
      const path = `/api/v1/nodes/${name}`;
      const found = this.#cluster.request('GET', path);
      if (found.status === 404) return false;
      const patch = nodePatch(JSON.parse(found.body) as RawNode, change);
      return answered(this.#cluster.request('PATCH', path, patch), [404]) !== 404;
    });
  }

  evictPod(namespace: string, name: string, uid: string, graceSeconds: number | null): Promise<EvictionResult> {
    return this.#call('evict', () => {
      const status = answered(
        this.#cluster.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, {
          metadata: { name, namespace },
          deleteOptions: {
            preconditions: { uid },
            ...(graceSeconds === null ? {} : { gracePeriodSeconds: graceSeconds }),
          },
        }),
        [404, 409, 429],
      );
      return status === 429 ? 'blocked' : status >= 400 ? 'gone' : 'evicted';
    });
  }

  deletePod(namespace: string, name: string, uid: string): Promise<void> {
    return this.#call('write', () => {
      this.#observer.podDeleted(namespace, name);
      const path = `/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`;
      answered(this.#cluster.request('DELETE', path, { preconditions: { uid } }), [404, 409]);
    });
  }

  deleteNode(name: string): Promise<void> {
    return this.#call('write', () => {
      this.#observer.nodeDeleted(name);
      answered(this.#cluster.request('DELETE', `/api/v1/nodes/${name}`), [404]);
    });
  }

  createEvent({ kind, name, uid, type, reason, message, timeMs }: ClusterEvent): Promise<void> {
    return this.#call('event', () => {
      const time = new Date(timeMs).toISOString();
      const event = {
        metadata: { generateName: 'forescale-' },
        involvedObject: { apiVersion: 'v1', kind, name, uid },
        type,
        reason,
        message: message.slice(0, 1_024),
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      };
      answered(this.#cluster.request('POST', '/api/v1/namespaces/default/events', event), []);
    });
  }

  #call<T>(kind: string, effect: () => T): Promise<T> {
    const errorOf = (fate: string, call: string) => new KubernetesUnavailableError(`${call}: ${fate}`);
    const thereMs = LATENCY_MS * this.#link.distance;
    const backMs = kind === 'read' ? 0 : thereMs;
    return this.#link.call({ call: `kube.${kind}`, thereMs, backMs, timeoutMs: TIMEOUT_MS, errorOf }, effect);
  }
}

/** The status, where it is good or the caller understands it; else the error that the real client throws. */
function answered({ status, body }: { status: number; body: string }, understood: readonly number[]): number {
  if (status < 300 || understood.includes(status)) return status;
  if (status === 409 || status === 429 || status >= 500) throw new KubernetesUnavailableError(`HTTP ${status}`);
  throw new KubernetesRefusedError(status, `HTTP ${status}: ${body}`);
}

interface RawNode {
  readonly metadata: { readonly resourceVersion: string };
  readonly spec?: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
}

function nodePatch({ metadata, spec }: RawNode, change: NodeChange) {
  const added = change.addTaints ?? [];
  const kept = (spec?.taints ?? []).filter(
    (taint) =>
      !change.removeTaintKeys?.includes(taint.key) &&
      !added.some((one) => one.key === taint.key && one.effect === taint.effect),
  );
  return {
    metadata: {
      resourceVersion: metadata.resourceVersion,
      labels: { ...change.labels },
      annotations: { ...change.annotations },
    },
    spec: {
      taints: [...kept, ...added].map((taint) => ({ ...taint })),
      ...(change.unschedulable === undefined ? {} : { unschedulable: change.unschedulable ? true : null }),
    },
  };
}

/** Parses each version of an object once, whoever reads it. */
export class SeenObjects {
  readonly #nodes = new WeakMap<object, ClusterNode>();
  readonly #pods = new WeakMap<object, { readonly pod: ClusterPod | null }>();

  nodes(cluster: SimulatedCluster): ClusterNode[] {
    const nodes: ClusterNode[] = [];
    for (const object of cluster.objects('nodes')) {
      const known = this.#nodes.get(object) ?? parseNode(object);
      this.#nodes.set(object, known);
      nodes.push(known);
    }
    return nodes;
  }

  pods(cluster: SimulatedCluster): ClusterPod[] {
    const pods: ClusterPod[] = [];
    for (const object of cluster.objects('pods')) {
      const known = this.#pods.get(object) ?? { pod: parsePod(object) };
      this.#pods.set(object, known);
      if (known.pod !== null) pods.push(known.pod);
    }
    return pods;
  }
}
