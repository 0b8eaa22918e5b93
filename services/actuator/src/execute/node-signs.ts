import type { CapacityType, ClusterNode } from '@forescale/shared/domain';
import type { Interruption } from '../providers/port.ts';

/** What a node shows of its machine's end or risk; times as in `Interruption`. */
export type NodeSign = Pick<Interruption, 'kind' | 'atMs'>;

interface TaintMeaning {
  readonly kind: Interruption['kind'];
  /** From the taint to the end of the machine; 0 where nothing ends. */
  readonly noticeMs: number;
  /** Of a machine on demand it is put on before a restart as well: such a machine comes back. */
  readonly spotOnly: boolean;
}

const reclaim = (noticeMs: number, spotOnly: boolean): TaintMeaning => ({ kind: 'reclaim', noticeMs, spotOnly });
const AT_RISK: TaintMeaning = { kind: 'rebalance', noticeMs: 0, spotOnly: false };

/** The taints of those who watch the machines of a cloud from within the cluster. */
const TAINTS: Readonly<Record<string, TaintMeaning>> = {
  // The node termination handler of AWS, with `taintNode: true`.
  'aws-node-termination-handler/spot-itn': reclaim(120_000, false),
  'aws-node-termination-handler/asg-lifecycle-termination': reclaim(120_000, false),
  'aws-node-termination-handler/scheduled-maintenance': AT_RISK,
  'aws-node-termination-handler/rebalance-recommendation': AT_RISK,
  // GKE, and the termination handler for GCP.
  'cloud.google.com/impending-node-termination': reclaim(30_000, true),
  // Auto-drain of AKS, for the scheduled events Preempt, Redeploy and Terminate: its present name, and the one before.
  'remediator.kubernetes.azure.com/unschedulable': reclaim(30_000, true),
  'remediator.aks.microsoft.com/unschedulable': reclaim(30_000, true),
};

/** A kubelet says so as soon as its machine is told to shut down. GCP does that 30 s before it takes a machine back. */
const SHUTTING_DOWN = /^KubeletNotReady: .*node is shutting down/;
const SHUTDOWN_MS = 30_000;

/**
 * What the Node itself says of its machine, beside what the provider tells. Of a machine on demand a shutdown alone means
 * nothing: it may be a restart, and whoever stays away is repaired. Null: all is well.
 */
export function signOf(node: ClusterNode, capacityType: CapacityType, nowMs: number): NodeSign | null {
  const signs: NodeSign[] = [];
  const isSpot = capacityType === 'spot';
  if (isSpot && !node.ready && SHUTTING_DOWN.test(node.notReadyBecause))
    signs.push({ kind: 'reclaim', atMs: Math.min(nowMs, node.readyChangedMs) + SHUTDOWN_MS });
  for (const { key, addedMs } of node.taints) {
    const meaning = TAINTS[key];
    if (meaning === undefined || (meaning.spotOnly && !isSpot)) continue;
    const { kind, noticeMs } = meaning;
    // Where nobody says since when, half of the notice may be over.
    const atMs = addedMs === undefined ? nowMs + noticeMs / 2 : Math.min(nowMs, addedMs) + noticeMs;
    signs.push({ kind, atMs });
  }
  const byUrgency = (a: NodeSign, b: NodeSign) =>
    Number(b.kind === 'reclaim') - Number(a.kind === 'reclaim') || a.atMs - b.atMs;
  return signs.sort(byUrgency)[0] ?? null;
}
