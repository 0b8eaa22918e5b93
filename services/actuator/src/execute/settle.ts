import type { ClusterNode, ClusterState } from '@forescale/shared/domain';
import { ProviderError } from '../providers/errors.ts';
import { type ExecuteContext, type Permission, reasonOf } from './context.ts';
import { cancelDrain, drainStep, isClosedForDrain, isWorkload, uncordon } from './drain.ts';
import { isOpen, settleGroups } from './groups.ts';
import { nodeFinder } from './node-of.ts';
import { repeatRequest } from './provision.ts';
import { isQueued, type NodeRecord } from './record.ts';
import { beginRemoval, isLost, removeStep } from './remove.ts';
import { adopt, findMachines, giveUp, giveUpUnseen, madeMs, stillLeads } from './request.ts';

/** A node that is NotReady this long may have lost its machine: the provider is asked. */
const UNREADY_ASK_MS = 60_000;

/**
 * Moves every record of the journal one step on, from what the cluster and the provider show. All steps are
 * repeatable, none waits for anything but its own calls, and one that fails is tried again at the next tick: after a
 * crash between any two of them this is all that has to run.
 */
export async function settle(
  context: ExecuteContext,
  cluster: ClusterState,
  permission: Permission,
  nowMs: number,
): Promise<void> {
  const nodeOf = nodeFinder(cluster);
  try {
    await settleGroups(context, permission, nowMs);
  } catch (error) {
    context.onTrouble(`groups: ${reasonOf(error)}`);
  }
  await Promise.all(
    context.journal.records().map(async (record) => {
      try {
        await settleRecord(context, record, cluster, nodeOf(record), permission, nowMs);
      } catch (error) {
        context.onTrouble(`${record.nodeName} (${record.state}): ${reasonOf(error)}`);
      }
    }),
  );
}

async function settleRecord(
  context: ExecuteContext,
  record: NodeRecord,
  cluster: ClusterState,
  node: ClusterNode | null,
  permission: Permission,
  nowMs: number,
): Promise<void> {
  let now = record;
  if (node && node.name !== now.nodeName) now = await context.journal.update(now.requestId, { nodeName: node.name });
  if (now.state === 'intended' && !isQueued(now)) now = await settleIntent(context, now, node, permission, nowMs);
  if (now.state === 'requested' || now.state === 'registered')
    now = await settleStarting(context, now, node, permission, nowMs);
  if (now.state === 'ready' && now.usefulMs === null) now = await settleUseful(context, now, cluster, nowMs);
  if (now.state === 'ready' && permission !== 'nothing') now = await settleReady(context, now, node, nowMs);
  if (now.state === 'draining') now = await settleDrain(context, now, cluster, permission, nowMs);
  if (now.state === 'removing' && permission !== 'nothing') await removeStep(context, now, cluster, nowMs);
}

/**
 * Whether the call was sent, and carried out, only the provider knows. Asked first, so that nothing is made twice. A Node
 * that is there before the provider shows its machine says it too; then that is waited for.
 */
async function settleIntent(
  context: ExecuteContext,
  record: NodeRecord,
  node: ClusterNode | null,
  permission: Permission,
  nowMs: number,
): Promise<NodeRecord> {
  const found = await findMachines(context, record);
  if (found.length > 0) return await adopt(context, record, found, madeMs(found, nowMs));
  if (nowMs - record.createdMs > context.pool.registrationTimeoutMs) {
    // Whose Node has just fallen silent may yet be shown: then nothing is concluded.
    if (node && !node.ready && !isLost(node, nowMs)) return record;
    const error = new ProviderError('transient', 'never confirmed by the provider');
    await (node?.ready ? giveUp : giveUpUnseen)(context, record, error, nowMs);
    return context.journal.get(record.requestId) ?? record;
  }
  const mayAsk =
    node === null && !isOpen(context, record) && permission === 'all' && context.isCounted(record.requestId);
  if (mayAsk && (await stillLeads(context))) {
    // Written once more, it is this process's own: the one that wrote it first can withdraw it no longer.
    await repeatRequest(context, await context.journal.update(record.requestId, {}), nowMs);
  }
  return context.journal.get(record.requestId) ?? record;
}

async function settleStarting(
  context: ExecuteContext,
  record: NodeRecord,
  node: ClusterNode | null,
  permission: Permission,
  nowMs: number,
): Promise<NodeRecord> {
  let now = record;
  const secondsSinceRequest = (timeMs: number) => Math.max(0, Math.min(timeMs, nowMs) - record.createdMs) / 1_000;
  if (node && now.state === 'requested') {
    const seconds = secondsSinceRequest(node.createdMs);
    const registeredMs = record.createdMs + Math.round(seconds * 1_000);
    now = await context.journal.update(now.requestId, { state: 'registered', registeredMs });
    context.onEvent({ event: 'registered', record: now, timeMs: nowMs, seconds, why: record.why });
  }
  if (node?.ready) {
    const seconds = secondsSinceRequest(node.readyChangedMs);
    const readyMs = record.createdMs + Math.round(seconds * 1_000);
    now = await context.journal.update(now.requestId, { state: 'ready', readyMs });
    context.onEvent({ event: 'ready', record: now, timeMs: nowMs, seconds, why: record.why });
    return now;
  }
  if (nowMs - record.createdMs <= context.pool.registrationTimeoutMs || permission === 'nothing') return now;
  const minutes = Math.round((nowMs - record.createdMs) / 60_000);
  const message = node ? `not Ready after ${minutes} min` : `not registered after ${minutes} min`;
  const { nodeName, offering } = record;
  context.onFailure({ stage: 'boot', nodeName, offering, errorClass: null, mark: null, message, timeMs: nowMs });
  return await beginRemoval(context, now, { failed: true, why: message }, nowMs);
}

async function settleDrain(
  context: ExecuteContext,
  record: NodeRecord,
  cluster: ClusterState,
  permission: Permission,
  nowMs: number,
): Promise<NodeRecord> {
  if (permission === 'nothing') return record;
  if (permission === 'all' || context.isReclaimed(record)) return await drainStep(context, record, cluster, nowMs);
  return permission === 'withdraw' ? await cancelDrain(context, record) : record;
}

/** A node serves from the first pod on that runs there because it is there. */
async function settleUseful(
  context: ExecuteContext,
  record: NodeRecord,
  cluster: ClusterState,
  nowMs: number,
): Promise<NodeRecord> {
  const isUsed = cluster.pods.some(
    (pod) => pod.nodeName === record.nodeName && pod.phase === 'Running' && isWorkload(pod),
  );
  if (!isUsed) return record;
  const used = await context.journal.update(record.requestId, { usefulMs: nowMs });
  const seconds = Math.max(0, nowMs - record.createdMs) / 1_000;
  context.onEvent({ event: 'useful', record: used, timeMs: nowMs, seconds, why: record.why });
  return used;
}

/**
 * A node that is silent while its machine is gone will not come back; one that somebody deleted shall not. One that is
 * closed for a drain that nobody is at was closed by a process that had been overtaken: it serves again.
 */
async function settleReady(
  context: ExecuteContext,
  record: NodeRecord,
  node: ClusterNode | null,
  nowMs: number,
): Promise<NodeRecord> {
  if (node && isClosedForDrain(node) && (await stillLeads(context))) await uncordon(context, node.name);
  if (node && (node.ready || nowMs - node.readyChangedMs < UNREADY_ASK_MS)) return record;
  if (!node) return await beginRemoval(context, record, { failed: false, why: 'its Node was deleted' }, nowMs);
  const found = await findMachines(context, record);
  if (found.length > 0) return record;
  return await beginRemoval(context, record, { failed: false, why: 'its machine is gone' }, nowMs);
}
