import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import type { ClusterState, Resources } from '../domain/index.ts';
import { parseCpuMillicores, parseQuantity } from '../domain/index.ts';
import { type Clock, systemClock } from '../time/index.ts';
import { KubernetesRefusedError } from './errors.ts';
import { getJson } from './get.ts';
import { Informer, type InformerParts } from './informer.ts';
import { listAll, listPages } from './list.ts';
import { parseNode, parsePod } from './parse-objects.ts';
import { understand } from './understand.ts';

const NODES = '/api/v1/nodes';
const PODS = '/api/v1/pods';

/** What a node or pod really uses, from metrics.k8s.io. */
export type Usage = Pick<Resources, 'cpuMillicores' | 'memoryBytes'>;

/** Reads the cluster. Methods reject with `KubernetesUnavailableError` or `KubernetesRefusedError`. */
export interface ClusterReader {
  /** All nodes, and all pods that are not finished: as they are at this call, or later; never an older picture. */
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

/** Lists everything at every read. `clock` is the one that calls take time on. */
export function createClusterReader(kube: KubeConfig, clock: Clock = systemClock): ClusterReader {
  const nodes = new ParsedOnce(parseNode);
  const pods = new ParsedOnce(parsePod);
  return {
    ...restOfReader(kube, clock),
    async read(nowMs) {
      const [allNodes, allPods] = await Promise.all([
        nodes.list((onPage) => listPages(kube, NODES, clock, onPage)),
        pods.list((onPage) => listPages(kube, PODS, clock, onPage)),
      ]);
      return { atMs: nowMs, nodes: allNodes, pods: allPods.filter((pod) => pod !== null) };
    },
  };
}

/** Follows what changes; see ADR 9. */
export interface WatchingReader extends ClusterReader {
  /** Ends its watches. */
  close(): void;
}

/** Lists what fits on a page, and watches what does not. */
export function createWatchingReader(kube: KubeConfig, parts: Omit<InformerParts, 'kube'>): WatchingReader {
  const nodes = new Informer(NODES, 'node', parseNode, { kube, ...parts });
  const pods = new Informer(PODS, 'pod', parsePod, { kube, ...parts });
  return {
    ...restOfReader(kube, parts.clock),
    async read(nowMs) {
      const [allNodes, allPods] = await Promise.all([nodes.fresh(), pods.fresh()]);
      return { atMs: nowMs, nodes: allNodes, pods: allPods.filter((pod) => pod !== null) };
    },
    close() {
      nodes.close();
      pods.close();
    },
  };
}

/** What is asked for anew each time, however nodes and pods are read. */
function restOfReader(kube: KubeConfig, clock: Clock): Omit<ClusterReader, 'read'> {
  let id: string | null = null;
  return {
    usage() {
      return metrics(kube, clock, 'nodes', (item) => {
        const { metadata, usage } = understand('node metrics', usageItem, item);
        return [metadata.name, parseUsage(usage)];
      });
    },
    podUsage() {
      return metrics(kube, clock, 'pods', (item) => {
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
        id = understand(path, namespace, await getJson(kube, path, clock)).metadata.uid;
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
class ParsedOnce<T> {
  readonly #parse: (raw: unknown) => T;
  #known = new Map<string, T>();

  constructor(parse: (raw: unknown) => T) {
    this.#parse = parse;
  }

  /** `list` hands over its pages; none of them is kept. */
  async list(list: (onPage: (items: readonly unknown[]) => void) => Promise<unknown>): Promise<T[]> {
    const next = new Map<string, T>();
    await list((items) => {
      for (const item of items) {
        const { uid, resourceVersion } = understand('object', identity, item).metadata;
        const key = `${uid}/${resourceVersion}`;
        const known = this.#known.get(key);
        next.set(key, known === undefined ? this.#parse(item) : known);
      }
    });
    this.#known = next;
    return [...next.values()];
  }
}

/** Null where the cluster serves no metrics. */
async function metrics(
  kube: KubeConfig,
  clock: Clock,
  kind: 'nodes' | 'pods',
  parse: (item: unknown) => [string, Usage],
): Promise<ReadonlyMap<string, Usage> | null> {
  try {
    return new Map((await listAll(kube, `/apis/metrics.k8s.io/v1beta1/${kind}`, clock)).map(parse));
  } catch (error) {
    if (error instanceof KubernetesRefusedError && error.status === 404) return null;
    throw error;
  }
}
