import type { CapacityType, ClusterNode, Taint } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { signOf } from './node-signs.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const SHUTTING_DOWN = 'KubeletNotReady: [container runtime network not ready, node is shutting down]';

function node(change: Partial<ClusterNode>): ClusterNode {
  return {
    name: 'n',
    uid: 'u',
    providerId: '',
    createdMs: 0,
    ready: true,
    readyChangedMs: 0,
    notReadyBecause: '',
    unschedulable: false,
    labels: {},
    annotations: {},
    taints: [],
    allocatable: { cpuMillicores: 4_000, memoryBytes: 2 ** 34, pods: 110, gpus: 0 },
    ...change,
  };
}

function tainted(key: string, agoMs?: number): ClusterNode {
  const taint: Taint = { key, value: 'an-event', effect: 'NoSchedule' };
  return node({ taints: [agoMs === undefined ? taint : { ...taint, addedMs: NOW_MS - agoMs }] });
}

/** How long after now its machine goes, or has been at risk; null: nothing is said. */
function sign(shown: ClusterNode, capacityType: CapacityType): [string, number] | null {
  const found = signOf(shown, capacityType, NOW_MS);
  return found && [found.kind, (found.atMs - NOW_MS) / 1_000];
}

const down = (notReadyBecause: string, agoMs: number) =>
  node({ ready: false, notReadyBecause, readyChangedMs: NOW_MS - agoMs });

describe('execute: what a Node says of its machine', () => {
  it.each<[string, ClusterNode, [string, number] | null, [string, number] | null]>([
    ['nothing', node({}), null, null],
    ['shutting down', down(SHUTTING_DOWN, 10_000), ['reclaim', 20], null],
    ['shutting down, by a clock that is ahead', down(SHUTTING_DOWN, -90_000), ['reclaim', 30], null],
    ['shutting down, and Ready again', { ...down(SHUTTING_DOWN, 0), ready: true }, null, null],
    ['not Ready for another reason', down('KubeletNotReady: PLEG is not healthy', 0), null, null],
    ['silent', down('NodeStatusUnknown: Kubelet stopped posting node status. node is shutting down', 0), null, null],
    ['AWS, spot', tainted('aws-node-termination-handler/spot-itn', 30_000), ['reclaim', 90], ['reclaim', 90]],
    ['AWS, nobody says since when', tainted('aws-node-termination-handler/spot-itn'), ['reclaim', 60], ['reclaim', 60]],
    [
      'AWS, by its group',
      tainted('aws-node-termination-handler/asg-lifecycle-termination', 0),
      ['reclaim', 120],
      ['reclaim', 120],
    ],
    [
      'AWS, at risk',
      tainted('aws-node-termination-handler/rebalance-recommendation', 60_000),
      ['rebalance', -60],
      ['rebalance', -60],
    ],
    [
      'AWS, maintenance',
      tainted('aws-node-termination-handler/scheduled-maintenance'),
      ['rebalance', 0],
      ['rebalance', 0],
    ],
    ['GKE', tainted('cloud.google.com/impending-node-termination', 10_000), ['reclaim', 20], null],
    ['AKS', tainted('remediator.kubernetes.azure.com/unschedulable'), ['reclaim', 15], null],
    ['AKS, before', tainted('remediator.aks.microsoft.com/unschedulable'), ['reclaim', 15], null],
    ['a taint of somebody else', tainted('aws-node-termination-handler/other'), null, null],
  ])('%s', (_what, shown, spot, onDemand) => {
    expect(sign(shown, 'spot')).toEqual(spot);
    expect(sign(shown, 'on_demand')).toEqual(onDemand);
  });

  it('of several the end comes before the risk, and the earlier end before the later', () => {
    const { taints } = tainted('aws-node-termination-handler/rebalance-recommendation', 60_000);
    const more = [...taints, ...tainted('aws-node-termination-handler/spot-itn', 0).taints];
    expect(sign(node({ taints: more }), 'spot')).toEqual(['reclaim', 120]);
    expect(sign({ ...down(SHUTTING_DOWN, 0), taints: more }, 'spot')).toEqual(['reclaim', 30]);
  });
});
