import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { KubernetesRefusedError } from './errors.ts';
import { getJson } from './get.ts';
import { listAll } from './list.ts';
import { understand } from './understand.ts';

/** What speaks for another autoscaler in the cluster, beside the labels and taints of its nodes. */
export interface AutoscalerFacts {
  /** The status that Cluster Autoscaler writes every few seconds; null: there is none. */
  readonly clusterAutoscaler: {
    /** Null where it does not say in a way that is understood. */
    readonly updatedMs: number | null;
  } | null;
  /** That want at least one replica. */
  readonly deployments: readonly {
    readonly kind: 'cluster-autoscaler' | 'karpenter';
    readonly namespace: string;
    readonly name: string;
  }[];
  readonly nodePools: readonly KarpenterNodePool[];
  /** What could not be read: it is empty above, and nothing is concluded from that. */
  readonly unread: readonly UnreadPart[];
}

export type AutoscalerPart = 'clusterAutoscaler' | 'deployments' | 'nodePools';

interface UnreadPart {
  readonly part: AutoscalerPart;
  /** One line. */
  readonly text: string;
  /** It may not be read, or is not understood; otherwise it may be there soon. */
  readonly isRefused: boolean;
}

/** Nodes that Karpenter may create. */
interface KarpenterNodePool {
  readonly name: string;
  /** By label: the values that its nodes may have. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

const STATUS_PATH = '/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status';
const UPDATED = 'cluster-autoscaler.kubernetes.io/last-updated';
const NAME_LABELS = ['app.kubernetes.io/name', 'app', 'k8s-app'];
/**
 * Charts put their release and the provider before it, `prod-aws-cluster-autoscaler`; OpenShift's is
 * `cluster-autoscaler-default`, beside a `cluster-autoscaler-operator` that resizes nothing.
 */
const CLUSTER_AUTOSCALER_NAME = /(^|-)cluster-autoscaler(-default)?$/;
/** `aws-cluster-autoscaler`: at most the provider before it. */
const CLUSTER_AUTOSCALER_LABEL = /^([a-z0-9]+-)?cluster-autoscaler$/;

const statusSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
});

const deploymentSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string(), labels: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({ replicas: z.number().default(1) }).prefault({}),
});

const groupSchema = z.object({ preferredVersion: z.object({ version: z.string().regex(/^[a-z0-9]+$/) }) });

const nodePoolSchema = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z
    .object({
      template: z
        .object({
          metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }).prefault({}),
          spec: z
            .object({
              requirements: z
                .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).default([]) }))
                .default([]),
            })
            .prefault({}),
        })
        .prefault({}),
    })
    .prefault({}),
});

/** Never rejects. Each part by itself: the CRD of Karpenter may fail for ever, by a webhook that nobody runs any more. */
export async function readAutoscalers(kube: KubeConfig): Promise<AutoscalerFacts> {
  const unread: UnreadPart[] = [];
  const part = async <T>(name: AutoscalerPart, what: string, read: Promise<T>, none: T): Promise<T> => {
    try {
      return await read;
    } catch (error) {
      const status = error instanceof KubernetesRefusedError ? error.status : null;
      if (status === 404) return none;
      const text = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      // 401: the credentials have run out, and are renewed.
      unread.push({ part: name, text, isRefused: status !== null && status !== 401 });
      return none;
    }
  };
  const [clusterAutoscaler, deployments, nodePools] = await Promise.all([
    part('clusterAutoscaler', 'the status of Cluster Autoscaler', readStatus(kube), null),
    part('deployments', 'Deployments', readDeployments(kube), []),
    part('nodePools', 'NodePools of Karpenter', readNodePools(kube), []),
  ]);
  return { clusterAutoscaler, deployments, nodePools, unread };
}

async function readStatus(kube: KubeConfig): Promise<AutoscalerFacts['clusterAutoscaler']> {
  const { metadata } = understand('ConfigMap', statusSchema, await getJson(kube, STATUS_PATH));
  return { updatedMs: goTime(metadata.annotations[UPDATED] ?? '') };
}

/** "2026-11-26 10:04:36.135914253 +0000 UTC", as Go prints a time. */
function goTime(text: string): number | null {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d\d)(\d\d)\b/.exec(text);
  const timeMs = match ? Date.parse(`${match[1]}T${match[2]}${match[3]}:${match[4]}`) : Number.NaN;
  return Number.isFinite(timeMs) ? timeMs : null;
}

async function readDeployments(kube: KubeConfig): Promise<AutoscalerFacts['deployments']> {
  const items = await listAll(kube, '/apis/apps/v1/deployments');
  return items.flatMap((item): AutoscalerFacts['deployments'][number][] => {
    const { metadata, spec } = understand('Deployment', deploymentSchema, item);
    const { name, namespace, labels } = metadata;
    const labelled = NAME_LABELS.map((label) => labels[label] ?? '');
    if (spec.replicas === 0) return [];
    if (CLUSTER_AUTOSCALER_NAME.test(name) || labelled.some((one) => CLUSTER_AUTOSCALER_LABEL.test(one)))
      return [{ kind: 'cluster-autoscaler', namespace, name }];
    return [name, ...labelled].includes('karpenter') ? [{ kind: 'karpenter', namespace, name }] : [];
  });
}

async function readNodePools(kube: KubeConfig): Promise<readonly KarpenterNodePool[]> {
  const group = understand('API group', groupSchema, await getJson(kube, '/apis/karpenter.sh'));
  const items = await listAll(kube, `/apis/karpenter.sh/${group.preferredVersion.version}/nodepools`);
  return items.map((item) => {
    const { metadata, spec } = understand('NodePool', nodePoolSchema, item);
    const labels: Record<string, readonly string[]> = { 'karpenter.sh/nodepool': [metadata.name] };
    for (const { key, operator, values } of spec.template.spec.requirements)
      if (operator === 'In') labels[key] = values;
    for (const [key, value] of Object.entries(spec.template.metadata.labels)) labels[key] = [value];
    return { name: metadata.name, labels };
  });
}
