import {
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  type RequestContext,
  setHeaderOptions,
} from '@kubernetes/client-node';
import type { Taint } from '../domain/index.ts';
import { networkReason } from '../network/index.ts';
import { type Clock, systemClock, within } from '../time/index.ts';
import { KubernetesRefusedError, KubernetesUnavailableError } from './errors.ts';

/** A server that accepts a call and never answers must not hold up a tick for ever. */
const TIMEOUT_MS = 30_000;

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

/**
 * Changes the cluster. Methods reject with `KubernetesUnavailableError`, after which the change may have been made all
 * the same, or `KubernetesRefusedError`. Repeating any of them but `createEvent` does no harm.
 */
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

/** `clock` is the one that calls take time on. */
export function createClusterWriter(kube: KubeConfig, clock: Clock = systemClock): ClusterWriter {
  const core = kube.makeApiClient(CoreV1Api);
  return {
    async changeNode(name, change) {
      const outcome = await call(`change node ${name}`, [404], async (signal) => {
        const body = await nodePatch(core, name, change, signal);
        const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch, until(signal));
        await core.patchNode({ name, body }, merge);
      });
      return outcome === 'done';
    },
    async evictPod(podNamespace, name, uid, graceSeconds) {
      const outcome = await call(`evict pod ${podNamespace}/${name}`, [404, 409, 429], (signal) => {
        const body = {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name, namespace: podNamespace },
          deleteOptions: {
            preconditions: { uid },
            ...(graceSeconds === null ? {} : { gracePeriodSeconds: graceSeconds }),
          },
        };
        return core.createNamespacedPodEviction({ name, namespace: podNamespace, body }, until(signal));
      });
      // 409: another pod has taken the name; the one meant is gone.
      return outcome === 'done' ? 'evicted' : outcome === 429 ? 'blocked' : 'gone';
    },
    async deletePod(podNamespace, name, uid) {
      await call(`delete pod ${podNamespace}/${name}`, [404, 409], (signal) => {
        const body = { preconditions: { uid } };
        return core.deleteNamespacedPod({ name, namespace: podNamespace, gracePeriodSeconds: 0, body }, until(signal));
      });
    },
    async deleteNode(name) {
      await call(`delete node ${name}`, [404], (signal) => core.deleteNode({ name }, until(signal)));
    },
    async createEvent(event) {
      const time = new Date(event.timeMs);
      const body = {
        metadata: { generateName: 'forescale-' },
        involvedObject: { apiVersion: 'v1', kind: event.kind, name: event.name, uid: event.uid },
        type: event.type,
        reason: event.reason,
        message: event.message.slice(0, 1_024),
        source: { component: 'forescale' },
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      };
      // Events about what is in no namespace itself live in this one; the API server takes no other.
      await call(`create event ${event.reason}`, [], (signal) =>
        core.createNamespacedEvent({ namespace: 'default', body }, until(signal)),
      );
    },
  };

  /** 'done', or one of the statuses that the caller understands; everything else is thrown, typed. */
  async function call(
    what: string,
    understood: readonly number[],
    action: (signal: AbortSignal) => Promise<unknown>,
  ): Promise<'done' | number> {
    const late = () => new KubernetesUnavailableError(`${what}: no answer within ${TIMEOUT_MS} ms`);
    try {
      await within(clock, TIMEOUT_MS, action, late);
      return 'done';
    } catch (error) {
      if (error instanceof KubernetesUnavailableError) throw error;
      const status = (error as { readonly code?: unknown }).code;
      // An abort has a number, too: 20.
      if (typeof status !== 'number' || status < 100)
        throw new KubernetesUnavailableError(`${what}: ${networkReason(error)}`, { cause: error });
      if (understood.includes(status)) return status;
      // 409: somebody else changed the object in between; what is read anew may be changed again.
      if (status === 409 || status === 429 || status >= 500)
        throw new KubernetesUnavailableError(`${what}: HTTP ${status}`, { cause: error });
      throw new KubernetesRefusedError(status, `${what}: HTTP ${status}`, { cause: error });
    }
  }
}

/** Taints are one list: a merge patch replaces it whole, so it is read first and guarded by resourceVersion. */
async function nodePatch(core: CoreV1Api, name: string, change: NodeChange, signal: AbortSignal): Promise<object> {
  const metadata: Record<string, unknown> = {};
  const spec: Record<string, unknown> = {};
  if (change.labels) metadata.labels = change.labels;
  if (change.annotations) metadata.annotations = change.annotations;
  if (change.unschedulable !== undefined) spec.unschedulable = change.unschedulable ? true : null;
  if (change.addTaints?.length || change.removeTaintKeys?.length) {
    const node = await core.readNode({ name }, until(signal));
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

/** Options of a call that ends when `signal` aborts. The client has no such option; its hook before sending has. */
function until(signal: AbortSignal): ReturnType<typeof setHeaderOptions> {
  const options = setHeaderOptions('Accept', 'application/json');
  const middleware = options.middleware?.map((one) => ({
    post: one.post.bind(one),
    pre: (request: RequestContext) => {
      request.setSignal(signal);
      return one.pre(request);
    },
  }));
  return { ...options, middleware: middleware ?? [] };
}
