import type { ClusterNode, ClusterPod, ClusterState } from '@forescale/shared/domain';
import { bulkhead } from 'cockatiel';
import { whyPodStays } from '../plan/index.ts';
import { type ExecuteContext, reasonOf } from './context.ts';
import type { NodeRecord } from './record.ts';
import { beginRemoval } from './remove.ts';

/** On a node while Forescale empties it. */
const DRAIN_TAINT = { key: 'forescale.dev/draining', value: 'true', effect: 'NoSchedule' } as const;
const EXCLUDE_FROM_LB = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** Evictions under way at once, per node. */
const EVICTIONS_MAX = 10;

/** Keeps new pods and new connections away. Repeating it changes nothing. False: the node is no more. */
async function cordon(context: ExecuteContext, node: ClusterNode, why: string): Promise<boolean> {
  if (node.unschedulable && isClosedForDrain(node)) return true;
  return await context.writer.changeNode(node.name, {
    unschedulable: true,
    addTaints: [DRAIN_TAINT],
    labels: { [EXCLUDE_FROM_LB]: 'true' },
    annotations: { 'forescale.dev/draining-because': why.slice(0, 256) },
  });
}

/** By us, with the taint that nobody else sets. */
export function isClosedForDrain(node: ClusterNode): boolean {
  return node.taints.some((taint) => taint.key === DRAIN_TAINT.key);
}

/** Takes back everything that `cordon` did. */
export async function uncordon(context: ExecuteContext, nodeName: string): Promise<void> {
  await context.writer.changeNode(nodeName, {
    unschedulable: false,
    removeTaintKeys: [DRAIN_TAINT.key],
    labels: { [EXCLUDE_FROM_LB]: null },
    annotations: { 'forescale.dev/draining-because': null },
  });
}

/** Pods whose end the drain waits for. */
function podsToLeave(record: NodeRecord, cluster: ClusterState): ClusterPod[] {
  return cluster.pods.filter((pod) => pod.nodeName === record.nodeName && isWorkload(pod));
}

/**
 * Every pod is asked to leave, through the eviction API, so that budgets are kept. Nothing waits here; what is blocked
 * is asked again at the next tick.
 */
async function evictPods(context: ExecuteContext, pods: readonly ClusterPod[]): Promise<void> {
  const slots = bulkhead(EVICTIONS_MAX, pods.length);
  await Promise.all(
    pods.map((pod) =>
      slots.execute(async () => {
        try {
          await context.writer.evictPod(pod.namespace, pod.name, pod.uid, null);
        } catch (error) {
          context.onTrouble(`pod ${pod.namespace}/${pod.name} cannot be evicted: ${reasonOf(error)}`);
        }
      }),
    ),
  );
}

/** What a node is for. Pods of DaemonSets and static pods live and die with their node. */
export function isWorkload(pod: ClusterPod): boolean {
  return (
    pod.ownerKind !== 'DaemonSet' && pod.ownerKind !== 'Node' && !('kubernetes.io/config.mirror' in pod.annotations)
  );
}

/** Puts the node's record into `draining`; `drainStep` does the work, now and at every tick. */
export async function beginDrain(
  context: ExecuteContext,
  record: NodeRecord,
  drain: Omit<NonNullable<NodeRecord['drain']>, 'startedMs'>,
  nowMs: number,
): Promise<NodeRecord> {
  const why = drain.why.slice(0, 1_000);
  const draining = await context.journal.update(record.requestId, {
    state: 'draining',
    drain: { ...drain, startedMs: nowMs, why },
  });
  context.onEvent({ event: 'draining', record: draining, timeMs: nowMs, seconds: null, why });
  return draining;
}

/** The node serves again. */
export async function cancelDrain(context: ExecuteContext, record: NodeRecord): Promise<NodeRecord> {
  await uncordon(context, record.nodeName);
  return await context.journal.update(record.requestId, { state: 'ready', drain: null });
}

/**
 * One step of a drain: cordon, evict, and when nothing is left hand over to `removeStep`. That a node is empty counts
 * only in a picture taken after the cordon: before it the scheduler may just have bound another pod. Past the deadline
 * the node goes with what is left when the drain is forced, or when only pods are left that were evicted and whose
 * kubelet does not end them; a pod that a budget protected until then ends the drain instead, and the node serves again. So
 * does, at any time, a pod that must not be evicted, unless the drain is forced; and a node that was to be replaced and
 * is Ready again.
 */
export async function drainStep(
  context: ExecuteContext,
  record: NodeRecord,
  cluster: ClusterState,
  nowMs: number,
): Promise<NodeRecord> {
  const { drain } = record;
  const node = cluster.nodes.find((one) => one.name === record.nodeName);
  if (drain === null) return record;
  if (drain.repair && node?.ready) return await giveBack(context, record, 'it is Ready again', nowMs);
  const remove = () => beginRemoval(context, record, { failed: false, why: drain.why }, nowMs);
  if (!node || !(await cordon(context, node, drain.why))) return await remove();
  const kept = drain.force ? null : keptPod(record, cluster);
  if (kept !== null) return await giveBack(context, record, kept, nowMs);
  const isLate = nowMs >= drain.deadlineMs;
  const leaving = podsToLeave(record, cluster);
  if (leaving.length === 0) return node.unschedulable ? await remove() : record;
  const staying = leaving.filter((pod) => !pod.terminating);
  // Nobody is evicted from a node that is given back at once: the deadline may have passed in a pause.
  if (isLate && !drain.force && staying.length > 0) {
    const names = staying.slice(0, 3).map((pod) => `${pod.namespace}/${pod.name}`);
    return await giveBack(context, record, `not emptied by its deadline: ${names.join(', ')}`, nowMs);
  }
  await evictPods(context, staying);
  return isLate ? await remove() : record;
}

/** The node serves again, and planning hears why. */
async function giveBack(
  context: ExecuteContext,
  record: NodeRecord,
  message: string,
  nowMs: number,
): Promise<NodeRecord> {
  const { nodeName, offering } = record;
  context.onFailure({ stage: 'drain', nodeName, offering, errorClass: null, mark: null, message, timeMs: nowMs });
  return await cancelDrain(context, record);
}

/** A pod that came after the plan had looked and must not be evicted, with the reason; null: none. */
function keptPod(record: NodeRecord, cluster: ClusterState): string | null {
  for (const pod of cluster.pods) {
    const why = pod.nodeName === record.nodeName ? whyPodStays(pod) : null;
    if (why !== null) return `pod ${pod.namespace}/${pod.name} ${why}`;
  }
  return null;
}
