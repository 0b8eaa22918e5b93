import { ApiError, noSuchResource } from '../objects/errors.ts';
import type { JsonObject } from '../objects/json.ts';
import { isTrue, type NodeObject, type ObjectMeta, type PodObject, type StoredObject } from '../objects/objects.ts';
import { podRequests } from '../objects/pod-requests.ts';
import { parseSelectors } from '../objects/selectors.ts';
import { timestamp } from '../objects/timestamps.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { type JsonReply, jsonReply } from './request.ts';
import type { ResourcePath } from './route.ts';

/** What share of its requests a running pod really uses, in [0, …). */
export type UsageShare = (pod: PodObject) => number;

/** What a node uses by itself: kubelet, container runtime, operating system. */
const NODE_OVERHEAD = { cpuMillicores: 80, memoryBytes: 400 * 2 ** 20 };

interface Usage {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** `metrics.k8s.io/v1beta1` as metrics-server answers it: computed from the running pods, never stored. */
export class MetricsApi {
  /** False: the API is not there, as in a cluster without metrics-server. */
  enabled: boolean;
  readonly #store: ObjectStore;
  readonly #usageShare: UsageShare;

  constructor(store: ObjectStore, enabled: boolean, usageShare: UsageShare) {
    this.#store = store;
    this.enabled = enabled;
    this.#usageShare = usageShare;
  }

  handle(path: ResourcePath, query: URLSearchParams, nowMs: number): JsonReply {
    if (!this.enabled || path.version !== 'v1beta1' || path.subresource !== null) throw noSuchResource();
    const items = this.#items(path, query, nowMs);
    const kind = path.resource === 'nodes' ? 'NodeMetrics' : 'PodMetrics';
    const apiVersion = 'metrics.k8s.io/v1beta1';
    if (path.name === null) return jsonReply(200, { kind: `${kind}List`, apiVersion, metadata: {}, items });
    const [item] = items;
    if (item !== undefined) return jsonReply(200, { kind, apiVersion, ...item });
    const message = `${path.resource}.metrics.k8s.io "${path.name}" not found`;
    throw new ApiError(404, 'NotFound', message, { name: path.name, group: 'metrics.k8s.io', kind: path.resource });
  }

  #items(path: ResourcePath, query: URLSearchParams, nowMs: number): JsonObject[] {
    const wanted = (kind: 'nodes' | 'pods') => {
      const matches = parseSelectors(kind, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
      return (object: NodeObject | PodObject) =>
        (path.name === null || object.metadata.name === path.name) &&
        (path.namespace === '' || object.metadata.namespace === path.namespace) &&
        (matches === null || matches(object as StoredObject));
    };
    if (path.resource === 'pods') return this.#podItems(wanted('pods'), nowMs);
    if (path.resource === 'nodes' && path.namespace === '') return this.#nodeItems(wanted('nodes'), nowMs);
    throw noSuchResource();
  }

  #podItems(wanted: (pod: PodObject) => boolean, nowMs: number): JsonObject[] {
    const items: JsonObject[] = [];
    for (const pod of this.#store.objects('pods')) {
      if (pod.status.phase !== 'Running' || !wanted(pod)) continue;
      // All of it is shown in the first container: which one uses it makes no difference to anything here.
      const containers = pod.spec.containers.map(({ name }, index) => {
        const usage = index === 0 ? this.#usageOf(pod) : { cpuMillicores: 0, memoryBytes: 0 };
        return { name, usage: quantities(usage) };
      });
      items.push({ ...itemHead(pod.metadata, nowMs), containers });
    }
    return items;
  }

  #nodeItems(wanted: (node: NodeObject) => boolean, nowMs: number): JsonObject[] {
    const used = new Map<string, Usage>();
    for (const pod of this.#store.objects('pods')) {
      const { nodeName } = pod.spec;
      if (pod.status.phase !== 'Running' || nodeName === undefined) continue;
      used.set(nodeName, sum(used.get(nodeName) ?? NODE_OVERHEAD, this.#usageOf(pod)));
    }
    // metrics-server knows nothing of a node whose kubelet does not answer.
    return [...this.#store.objects('nodes')]
      .filter((node) => wanted(node) && isTrue(node.status.conditions, 'Ready'))
      .map((node) => ({
        ...itemHead(node.metadata, nowMs),
        usage: quantities(used.get(node.metadata.name) ?? NODE_OVERHEAD),
      }));
  }

  #usageOf(pod: PodObject): Usage {
    const { cpuMillicores, memoryBytes } = podRequests(pod);
    const share = this.#usageShare(pod);
    return { cpuMillicores: cpuMillicores * share, memoryBytes: memoryBytes * share };
  }
}

function sum(a: Usage, b: Usage): Usage {
  return { cpuMillicores: a.cpuMillicores + b.cpuMillicores, memoryBytes: a.memoryBytes + b.memoryBytes };
}

function itemHead({ name, namespace, labels }: ObjectMeta, nowMs: number): JsonObject {
  const metadata = {
    name,
    ...(namespace !== undefined && { namespace }),
    creationTimestamp: timestamp(nowMs),
    ...(labels && { labels }),
  };
  return { metadata, timestamp: timestamp(nowMs), window: '10s' };
}

/** In metrics-server's units: nanocores and Ki. */
function quantities(usage: Usage): JsonObject {
  return { cpu: `${Math.round(usage.cpuMillicores * 1e6)}n`, memory: `${Math.round(usage.memoryBytes / 1024)}Ki` };
}
