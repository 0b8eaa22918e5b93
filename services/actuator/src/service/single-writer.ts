import { type OfferingConfig, POOL_LABEL, type PoolConfig } from '@forescale/shared/config';
import type { ClusterNode } from '@forescale/shared/domain';
import type { AutoscalerFacts } from '@forescale/shared/kubernetes';
import { CAPACITY_LABEL } from '../execute/index.ts';
import { offeringsOf } from '../plan/index.ts';

/** Cluster Autoscaler writes its status every few seconds; one this old was left behind by one that is gone. */
const STATUS_AGE_MS_MAX = 15 * 60_000;
/** A node that Cluster Autoscaler marked is gone, or unmarked, sooner than this. */
const TAINT_AGE_MS_MAX = 60 * 60_000;
const EVIDENCE_MAX = 3;

/** Labels that only the owner of a node gives it. Hosted autoscalers show no deployment; their nodes show these. */
const OWNER_LABELS: Readonly<Record<string, string>> = {
  'karpenter.sh/nodepool': 'Karpenter',
  'eks.amazonaws.com/nodegroup': 'an EKS node group',
  'cloud.google.com/gke-nodepool': 'a GKE node pool',
  'kubernetes.azure.com/agentpool': 'an AKS node pool',
};

/** Those of groups that a cloud has an API for: who resizes a pool's machines through it goes by their owner. */
const GROUP_LABELS: ReadonlySet<string> = new Set([
  'eks.amazonaws.com/nodegroup',
  'cloud.google.com/gke-nodepool',
  'kubernetes.azure.com/agentpool',
]);

/** Taints of an autoscaler that is at work on the node. Those of Cluster Autoscaler say since when, in seconds. */
const OWNER_TAINTS: Readonly<Record<string, string>> = {
  ToBeDeletedByClusterAutoscaler: 'Cluster Autoscaler',
  DeletionCandidateOfClusterAutoscaler: 'Cluster Autoscaler',
  'karpenter.sh/disrupted': 'Karpenter',
  'karpenter.sh/unregistered': 'Karpenter',
};

/** What is known of a pool's nodes and of those who might own them. */
export interface WriterFacts {
  /** Nodes of the pool. */
  readonly nodes: readonly ClusterNode[];
  /** The pool's machines come from groups, whose own API resizes them. False when absent. */
  readonly isGrouped?: boolean;
  /** Null: not known; labels and taints speak alone. */
  readonly autoscalers: AutoscalerFacts | null;
}

export interface Writers {
  /** Who else creates and removes this pool's nodes, and how that shows; null: nobody. */
  readonly owner: string | null;
  /** Who is at work on other nodes, and perhaps on the same pending pods; null: nobody. */
  readonly beside: string | null;
}

/**
 * Whether somebody else creates and removes the nodes of this pool. Karpenter is one where it has made nodes of the pool,
 * or may; that it makes others is no reason. Cluster Autoscaler says nowhere which nodes are its own, so that one that
 * runs is taken for the owner.
 */
export function otherWriters(pool: PoolConfig, facts: WriterFacts, nowMs: number): Writers {
  const { autoscalers } = facts;
  const running = clusterAutoscalerOf(autoscalers, nowMs);
  // Where nothing else of Cluster Autoscaler is left, what it wrote long ago was left behind.
  const taintsSinceMs = running.length === 0 && isAbsenceKnown(autoscalers) ? nowMs - TAINT_AGE_MS_MAX : 0;
  const evidence = [...nodeEvidence(pool, facts, taintsSinceMs), ...nodePoolEvidence(pool, autoscalers), ...running];
  if (evidence.length > 0) return { owner: evidence.slice(0, EVIDENCE_MAX).join(', '), beside: null };
  return { owner: null, beside: karpenterOf(autoscalers) };
}

/** One line for each owner, with the first node that shows it. */
function nodeEvidence(pool: PoolConfig, { nodes, isGrouped = false }: WriterFacts, taintsSinceMs: number): string[] {
  const found = new Map<string, string>();
  for (const { name, labels, taints } of nodes) {
    const isOurs = labels[POOL_LABEL] === pool.name && CAPACITY_LABEL in labels;
    const given = isOurs ? { ...pool.selector, ...pool.template.labels } : {};
    for (const [key, owner] of Object.entries(OWNER_LABELS)) {
      const value = labels[key];
      if (value === undefined || value === given[key] || found.has(owner)) continue;
      if (isGrouped && GROUP_LABELS.has(key)) continue;
      found.set(owner, `node ${name} has label ${key}=${value}`);
    }
    for (const { key, value } of taints) {
      const owner = OWNER_TAINTS[key];
      if (owner === undefined || found.has(owner) || timeOf(value) < taintsSinceMs) continue;
      found.set(owner, `node ${name} has taint ${key}`);
    }
  }
  return [...found].map(([owner, why]) => `${owner} (${why})`);
}

/** In milliseconds; of a taint that does not say, for ever. */
function timeOf(taintValue: string): number {
  return /^\d{9,11}$/.test(taintValue) ? Number(taintValue) * 1_000 : Number.POSITIVE_INFINITY;
}

/** Whether all that shows a Cluster Autoscaler could be read. */
function isAbsenceKnown(autoscalers: AutoscalerFacts | null): boolean {
  return autoscalers?.unread.every(({ part }) => part === 'nodePools') ?? false;
}

/** NodePools of Karpenter whose nodes the pool would take for its own, though there may be none yet. */
function nodePoolEvidence({ selector }: PoolConfig, autoscalers: AutoscalerFacts | null): string[] {
  const wanted = Object.entries(selector);
  const isOurs = (labels: Readonly<Record<string, readonly string[]>>) =>
    wanted.every(([key, value]) => labels[key]?.includes(value));
  return (autoscalers?.nodePools ?? [])
    .filter(({ labels }) => isOurs(labels))
    .map(({ name }) => `Karpenter (NodePool ${name} makes nodes that match the pool's selector)`);
}

/** A Cluster Autoscaler that runs now, hosted or not. */
function clusterAutoscalerOf(autoscalers: AutoscalerFacts | null, nowMs: number): string[] {
  const deployment = autoscalers?.deployments.find(({ kind }) => kind === 'cluster-autoscaler');
  if (deployment) return [`Cluster Autoscaler (Deployment ${deployment.namespace}/${deployment.name})`];
  const status = autoscalers?.clusterAutoscaler ?? null;
  if (status === null) return [];
  // Without the age of one minute to the next: what is said at every tick should not change at every tick.
  const isOld = status.updatedMs !== null && nowMs - status.updatedMs > STATUS_AGE_MS_MAX;
  return isOld ? [] : ['Cluster Autoscaler (it writes ConfigMap kube-system/cluster-autoscaler-status)'];
}

function karpenterOf(autoscalers: AutoscalerFacts | null): string | null {
  const deployment = autoscalers?.deployments.find(({ kind }) => kind === 'karpenter');
  if (deployment) return `Karpenter (Deployment ${deployment.namespace}/${deployment.name})`;
  const nodePool = autoscalers?.nodePools[0];
  return nodePool ? `Karpenter (NodePool ${nodePool.name})` : null;
}

/** Whether all that the pool buys is made by groups; `groupOf` names that of an offering, null: none. */
export function buysFromGroups(pool: PoolConfig, groupOf: (offering: OfferingConfig) => string | null): boolean {
  return offeringsOf(pool).every((offering) => groupOf(offering) !== null);
}

/** Whether the pool leaves its nodes to their owner, and asks it for room. */
export function isSteered({ provider }: PoolConfig): boolean {
  return provider.kind === 'buffer';
}
