import type { ClusterNode, ClusterState } from '@forescale/shared/domain';
import { type ExecuteContext, reasonOf } from './context.ts';
import type { NodeRecord } from './record.ts';

/** Longer than this, and somebody should look: the readiness report names the machine. */
const STUCK_MS = 15 * 60_000;
/** A machine may be made so long before its provider shows it. */
const SHOWN_WITHIN_MS = 3 * 60_000;

/** The record says from now on that its node goes; `removeStep` does it. */
export async function beginRemoval(
  context: ExecuteContext,
  record: NodeRecord,
  removal: { readonly failed: boolean; readonly why: string },
  nowMs: number,
): Promise<NodeRecord> {
  return await context.journal.update(record.requestId, {
    state: 'removing',
    removal: { startedMs: nowMs, failed: removal.failed, why: removal.why.slice(0, 1_000) },
  });
}

/**
 * One step of taking a node away: delete the Node (on K3s nobody else would), terminate its machines, and when the
 * provider shows none any more, clear away what the kubelet can no longer, and forget the record. Every part may be
 * repeated; a part that fails is repeated at the next tick.
 */
export async function removeStep(
  context: ExecuteContext,
  record: NodeRecord,
  cluster: ClusterState,
  nowMs: number,
): Promise<void> {
  const removal = record.removal;
  if (removal === null) return;
  try {
    const node = cluster.nodes.find((one) => one.name === record.nodeName);
    if (node) {
      if (record.machineIds.length === 0 && !isLost(node, nowMs)) {
        await takeBack(context, record);
        return;
      }
      await context.writer.deleteNode(record.nodeName);
    }
    const removingMs = nowMs - removal.startedMs;
    if (!(await allGone(context, record, removingMs))) {
      if (removingMs > STUCK_MS)
        context.onTrouble(`${record.nodeName}: its machine ${record.machineIds.join(', ')} will not go`);
      return;
    }
    await clearPods(context, record, cluster);
    await context.journal.remove(record.requestId);
    const sinceMs = record.drain?.startedMs ?? removal.startedMs;
    const seconds = (nowMs - sinceMs) / 1_000;
    const event = removal.failed ? 'failed' : 'removed';
    context.onEvent({ event, record, timeMs: nowMs, seconds, why: removal.why });
  } catch (error) {
    context.onTrouble(`${record.nodeName} is being removed: ${reasonOf(error)}`);
  }
}

/**
 * A Node that is silent for longer than a machine takes to be shown: where its provider shows none, there is none any more,
 * and no kubelet will come back. On K3s nobody else would delete it, and it would count as out of order for ever.
 */
export function isLost(node: ClusterNode, nowMs: number): boolean {
  return !node.ready && nowMs - Math.max(node.createdMs, node.readyChangedMs) >= SHOWN_WITHIN_MS;
}

/** Its machine was made after all and serves: should it go, then by a drain, which keeps the budgets of its pods. */
export async function takeBack(context: ExecuteContext, record: NodeRecord): Promise<NodeRecord> {
  return await context.journal.update(record.requestId, { state: 'intended', removal: null });
}

/**
 * Terminates every machine of the record, also those that an answer which was lost never told us of. Where none is known
 * one may have been made all the same: that there is none counts once it would be shown.
 */
async function allGone(context: ExecuteContext, record: NodeRecord, removingMs: number): Promise<boolean> {
  const { machines, journal } = context;
  const found = await machines.find(record.requestId, record.offering);
  const ids = [...new Set([...record.machineIds, ...found.map((machine) => machine.id)])];
  if (ids.length === 0) return removingMs >= SHOWN_WITHIN_MS;
  // Whether they are gone is to be asked of each by its id from now on.
  if (ids.length > record.machineIds.length) await journal.update(record.requestId, { machineIds: ids });
  const states = await Promise.all(ids.map((id) => machines.terminate(id, record.offering)));
  return states.every((state) => state === 'gone');
}

/** Pods of a node without a machine stay Terminating for ever, since no kubelet confirms: they are deleted here. */
async function clearPods(context: ExecuteContext, record: NodeRecord, cluster: ClusterState): Promise<void> {
  const stranded = cluster.pods.filter((pod) => pod.nodeName === record.nodeName);
  await Promise.all(stranded.map((pod) => context.writer.deletePod(pod.namespace, pod.name, pod.uid)));
}
