import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import type { ClusterState, Resources } from '../domain/index.ts';
import { parseCpuMillicores, parseQuantity } from '../domain/index.ts';
import { KubernetesRefusedError } from './errors.ts';
import { getJson, listAll } from './list.ts';
import { parseNode, parsePod } from './parse-objects.ts';
import { understand } from './understand.ts';

/** What a node or pod really uses, from metrics.k8s.io. */
export type Usage = Pick<Resources, 'cpuMillicores' | 'memoryBytes'>;

/** Reads the cluster. Methods reject with `KubernetesUnavailableError` or `KubernetesRefusedError`. */
export interface ClusterReader {
  /** All nodes, and all pods that are not finished. */
  read(nowMs: number): Promise<ClusterState>;
  /** Use by node name; null where the cluster serves no metrics.k8s.io. */
  usage(): Promise<ReadonlyMap<string, Usage> | null>;
  /** Use by "namespace/pod"; null where the cluster serves no metrics.k8s.io. */
  podUsage(): Promise<ReadonlyMap<string, Usage> | null>;
  /** The UID of the namespace kube-system: what tells this cluster from every other. */
  clusterId(): Promise<string>;
}

const usageItem = z.object({
  metadata: z.object({ name: z.string() }),
  usage: z.object({ cpu: z.string(), memory: z.string() }),
});

const podUsageItem = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  containers: z.array(z.object({ usage: usageItem.shape.usage })),
});

const namespace = z.object({ metadata: z.object({ uid: z.string() }) });

export function createClusterReader(kube: KubeConfig): ClusterReader {
  const nodes = remembering(parseNode);
  const pods = remembering(parsePod);
  let id: string | null = null;
  return {
    async read(nowMs) {
      const [rawNodes, rawPods] = await Promise.all([listAll(kube, '/api/v1/nodes'), listAll(kube, '/api/v1/pods')]);
      return { atMs: nowMs, nodes: nodes(rawNodes), pods: pods(rawPods).filter((pod) => pod !== null) };
    },
    usage() {
      return metrics(kube, 'nodes', (item) => {
        const { metadata, usage } = understand('node metrics', usageItem, item);
        return [metadata.name, parseUsage(usage)];
      });
    },
    podUsage() {
      return metrics(kube, 'pods', (item) => {
        const { metadata, containers } = understand('pod metrics', podUsageItem, item);
        const used = { cpuMillicores: 0, memoryBytes: 0 };
        for (const { usage } of containers) {
          const one = parseUsage(usage);
          used.cpuMillicores += one.cpuMillicores;
          used.memoryBytes += one.memoryBytes;
        }
        return [`${metadata.namespace}/${metadata.name}`, used];
      });
    },
    async clusterId() {
      if (id === null) {
        const path = '/api/v1/namespaces/kube-system';
        id = understand(path, namespace, await getJson(kube, path)).metadata.uid;
      }
      return id;
    },
  };
}

function parseUsage(raw: { readonly cpu: string; readonly memory: string }): Usage {
  return { cpuMillicores: parseCpuMillicores(raw.cpu) ?? 0, memoryBytes: parseQuantity(raw.memory) ?? 0 };
}

const identity = z.object({ metadata: z.object({ uid: z.string(), resourceVersion: z.string() }) });

/** Parses only what changed since the last list: an object of the same uid and resourceVersion is the same object. */
function remembering<T>(parse: (raw: unknown) => T): (items: readonly unknown[]) => T[] {
  let known = new Map<string, T>();
  return (items) => {
    const next = new Map<string, T>();
    const parsed = items.map((item) => {
      const { uid, resourceVersion } = understand('object', identity, item).metadata;
      const key = `${uid}/${resourceVersion}`;
      const before = known.get(key);
      const value = before === undefined ? parse(item) : before;
      next.set(key, value);
      return value;
    });
    known = next;
    return parsed;
  };
}

/** Null where the cluster serves no metrics. */
async function metrics(
  kube: KubeConfig,
  kind: 'nodes' | 'pods',
  parse: (item: unknown) => [string, Usage],
): Promise<ReadonlyMap<string, Usage> | null> {
  try {
    return new Map((await listAll(kube, `/apis/metrics.k8s.io/v1beta1/${kind}`)).map(parse));
  } catch (error) {
    if (error instanceof KubernetesRefusedError && error.status === 404) return null;
    throw error;
  }
}
