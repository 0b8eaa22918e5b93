import { CoreV1Api, type KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import type { Taint } from '../domain/index.ts';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';

/** What an eviction came to: under way, held back by a PodDisruptionBudget, or the pod is no more. */
export type EvictionResult = 'evicted' | 'blocked' | 'gone';

export interface NodeChange {
  readonly unschedulable?: boolean;
  /** Taints to have (by key and effect), and keys of taints to have no more. */
  readonly addTaints?: readonly Taint[];
  readonly removeTaintKeys?: readonly string[];
  /** A null removes the label or annotation. */
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

export interface ClusterEvent {
  readonly kind: 'Node' | 'Namespace';
  readonly name: string;
  readonly uid: string;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for example TriggeredScaleUp. */
  readonly reason: string;
  readonly message: string;
  readonly timeMs: number;
}

/** Changes the cluster. Methods reject with `KubernetesUnavailableError` or `KubernetesRefusedError`. */
export interface ClusterWriter {
  /** False: there is no such node. */
  changeNode(name: string, change: NodeChange): Promise<boolean>;
  /** `graceSeconds` null: as long as the pod itself asks for. */
  evictPod(namespace: string, name: string, uid: string, graceSeconds: number | null): Promise<EvictionResult>;
  /** Deletes without asking budgets: only for pods whose machine is gone or going. */
  deletePod(namespace: string, name: string, uid: string): Promise<void>;
  /** Resolves also where the node is gone already. */
  deleteNode(name: string): Promise<void>;
  createEvent(event: ClusterEvent): Promise<void>;
}

export function createClusterWriter(kube: KubeConfig): ClusterWriter {
  const core = kube.makeApiClient(CoreV1Api);
  const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  return {
    async changeNode(name, change) {
      const outcome = await call(`change node ${name}`, [404], async () => {
        const body = await nodePatch(core, name, change);
        await core.patchNode({ name, body }, merge);
      });
      return outcome === 'done';
    },
    async evictPod(podNamespace, name, uid, graceSeconds) {
      const outcome = await call(`evict pod ${podNamespace}/${name}`, [404, 409, 429], () =>
        core.createNamespacedPodEviction({
          name,
          namespace: podNamespace,
          body: {
            apiVersion: 'policy/v1',
            kind: 'Eviction',
            metadata: { name, namespace: podNamespace },
            deleteOptions: {
              preconditions: { uid },
              ...(graceSeconds === null ? {} : { gracePeriodSeconds: graceSeconds }),
            },
          },
        }),
      );
      // 409: another pod has taken the name; the one meant is gone.
      return outcome === 'done' ? 'evicted' : outcome === 429 ? 'blocked' : 'gone';
    },
    async deletePod(podNamespace, name, uid) {
      await call(`delete pod ${podNamespace}/${name}`, [404, 409], () =>
        core.deleteNamespacedPod({
          name,
          namespace: podNamespace,
          gracePeriodSeconds: 0,
          body: { preconditions: { uid } },
        }),
      );
    },
    async deleteNode(name) {
      await call(`delete node ${name}`, [404], () => core.deleteNode({ name }));
    },
    async createEvent(event) {
      const time = new Date(event.timeMs);
      await call(`create event ${event.reason}`, [], () =>
        core.createNamespacedEvent({
          // Events about what is in no namespace itself live in this one; the API server takes no other.
          namespace: 'default',
          body: {
            metadata: { generateName: 'forescale-' },
            involvedObject: { apiVersion: 'v1', kind: event.kind, name: event.name, uid: event.uid },
            type: event.type,
            reason: event.reason,
            message: event.message.slice(0, 1_024),
            source: { component: 'forescale' },
            firstTimestamp: time,
            lastTimestamp: time,
            count: 1,
          },
        }),
      );
    },
  };

  /** 'done', or one of the statuses that the caller understands; everything else is thrown, typed. */
  async function call(
    what: string,
    understood: readonly number[],
    action: () => Promise<unknown>,
  ): Promise<'done' | number> {
    try {
      await action();
      return 'done';
    } catch (error) {
      const status = (error as { readonly code?: unknown }).code;
      if (typeof status !== 'number')
        throw new KubernetesUnavailableError(`${what}: ${String(error)}`, { cause: error });
      if (understood.includes(status)) return status;
      // 409: somebody else changed the object in between; what is read anew may be changed again.
      if (status === 409 || status === 429 || status >= 500)
        throw new KubernetesUnavailableError(`${what}: HTTP ${status}`, { cause: error });
      throw new KubernetesRefusedError(status, `${what}: HTTP ${status}`, { cause: error });
    }
  }
}

/** Taints are one list: a merge patch replaces it whole, so it is read first and guarded by resourceVersion. */
async function nodePatch(core: CoreV1Api, name: string, change: NodeChange): Promise<object> {
  const metadata: Record<string, unknown> = {};
  const spec: Record<string, unknown> = {};
  if (change.labels) metadata.labels = change.labels;
  if (change.annotations) metadata.annotations = change.annotations;
  if (change.unschedulable !== undefined) spec.unschedulable = change.unschedulable ? true : null;
  if (change.addTaints?.length || change.removeTaintKeys?.length) {
    const node = await core.readNode({ name });
    const added = change.addTaints ?? [];
    const kept = (node.spec?.taints ?? []).filter(
      (taint) =>
        !change.removeTaintKeys?.includes(taint.key) &&
        !added.some((one) => one.key === taint.key && one.effect === taint.effect),
    );
    spec.taints = [...kept, ...added];
    metadata.resourceVersion = node.metadata?.resourceVersion;
  }
  return { metadata, spec };
}
