import type { ClusterNode, ClusterPod, ClusterState } from '@forescale/shared/domain';
import { bulkhead } from 'cockatiel';
import type { ExecuteContext } from './context.ts';
import type { NodeRecord } from './record.ts';

/** On a node while Forescale empties it. */
export const DRAIN_TAINT = { key: 'forescale.dev/draining', value: 'true', effect: 'NoSchedule' } as const;
const EXCLUDE_FROM_LB = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** Evictions under way at once, per node. */
const EVICTIONS_MAX = 10;

/** What one step of a drain came to. `blocked` names a pod that a PodDisruptionBudget holds back. */
export type DrainStep =
  | { readonly kind: 'empty' }
  | { readonly kind: 'waiting'; readonly evicted: number; readonly terminating: number; readonly blocked: string[] };

/** Keeps new pods and new connections away. Repeating it changes nothing. False: the node is no more. */
export async function cordon(context: ExecuteContext, node: ClusterNode, why: string): Promise<boolean> {
  if (node.unschedulable && node.taints.some((taint) => taint.key === DRAIN_TAINT.key)) return true;
  return await context.writer.changeNode(node.name, {
    unschedulable: true,
    addTaints: [DRAIN_TAINT],
    labels: { [EXCLUDE_FROM_LB]: 'true' },
    annotations: { 'forescale.dev/draining-because': why.slice(0, 256) },
  });
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

/**
 * One step of emptying a cordoned node: every pod that is still there is asked to leave, through the eviction API, so
 * that budgets are kept. Nothing waits here; what is blocked is asked again at the next tick. Evictions that fail
 * otherwise count as blocked.
 */
export async function evictPods(
  context: ExecuteContext,
  record: NodeRecord,
  cluster: ClusterState,
): Promise<DrainStep> {
  const leaving = cluster.pods.filter((pod) => pod.nodeName === record.nodeName && mustLeave(pod));
  if (leaving.length === 0) return { kind: 'empty' };
  const slots = bulkhead(EVICTIONS_MAX, leaving.length);
  const outcomes = await Promise.all(
    leaving
      .filter((pod) => !pod.terminating)
      .map((pod) =>
        slots.execute(async () => {
          try {
            return { pod, result: await context.writer.evictPod(pod.namespace, pod.name, pod.uid, null) };
          } catch (error) {
            context.onTrouble(`pod ${pod.namespace}/${pod.name} cannot be evicted: ${String(error)}`);
            return { pod, result: 'blocked' as const };
          }
        }),
      ),
  );
  return {
    kind: 'waiting',
    evicted: outcomes.filter((one) => one.result === 'evicted').length,
    terminating: leaving.length - outcomes.length,
    blocked: outcomes.filter((one) => one.result === 'blocked').map(({ pod }) => `${pod.namespace}/${pod.name}`),
  };
}

/** Pods of DaemonSets and static pods live and die with their node. */
function mustLeave(pod: ClusterPod): boolean {
  return (
    pod.ownerKind !== 'DaemonSet' && pod.ownerKind !== 'Node' && !('kubernetes.io/config.mirror' in pod.annotations)
  );
}
