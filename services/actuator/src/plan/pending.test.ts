import type { ClusterPod } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import { NOON, nodeOf, podOf, poolOf, startingOf, stateOf } from './plan-state.test-data.ts';

const POOL = poolOf({ bounds: { min_nodes: 0, max_nodes: 50 } });
const toleration = { key: 'team', operator: 'Equal' as const, value: 'a', effect: null };

function planFor(pendingPods: ClusterPod[], overrides: Parameters<typeof stateOf>[1] = {}, pool = POOL) {
  const planned = plan(stateOf(0, { pendingPods, ...overrides }), [], pool, NOON);
  const created = planned.actions.reduce((sum, action) => sum + (action.kind === 'create' ? action.count : 0), 0);
  return { created, planned, codes: planned.report.reasons.map((one) => one.code) };
}

describe('plan: pending pods', () => {
  it('packs them largest first: 3 x 2500 and 3 x 1500 fill three nodes of 4000', () => {
    const pods = [1_500, 2_500, 1_500, 2_500, 1_500, 2_500].map((cpu) => podOf(cpu));
    const { created, planned } = planFor(pods);
    expect(created).toBe(3);
    expect(planned.report.needFrom).toBe('pending');
    expect(planned.servedPodUids).toHaveLength(6);
  });

  it('uses what is free on Ready and starting nodes first', () => {
    const nodes = [nodeOf('a', { pods: [podOf(3_000, { nodeName: 'a' })] })];
    expect(planFor([podOf(1_000)], { nodes }).created).toBe(0);
    expect(planFor([podOf(1_100)], { nodes }).created).toBe(1);
    expect(planFor([podOf(1_100)], { nodes, starting: startingOf(POOL, 1, NOON) }).created).toBe(0);
  });

  it.each<{ what: string; pod: Partial<ClusterPod>; created: number }>([
    { what: 'selects a label that the pool has', pod: { nodeSelector: { tier: 'web' } }, created: 1 },
    { what: 'selects one that it has not', pod: { nodeSelector: { tier: 'db' } }, created: 0 },
    { what: 'does not tolerate the taint', pod: { tolerations: [] }, created: 0 },
    {
      what: 'tolerates everything',
      pod: { tolerations: [{ key: null, operator: 'Exists', value: '', effect: null }] },
      created: 1,
    },
    { what: 'tolerates another value', pod: { tolerations: [{ ...toleration, value: 'b' }] }, created: 0 },
    { what: 'belongs to a DaemonSet', pod: { ownerKind: 'DaemonSet' }, created: 0 },
    { what: 'is being deleted', pod: { terminating: true }, created: 0 },
    {
      what: 'asks for more than a node has',
      pod: { requests: { cpuMillicores: 4_001, memoryBytes: 0, pods: 1, gpus: 0 } },
      created: 0,
    },
    { what: 'asks for a GPU', pod: { requests: { cpuMillicores: 1, memoryBytes: 0, pods: 1, gpus: 1 } }, created: 0 },
    {
      what: 'wants to wait a little',
      pod: { annotations: { 'cluster-autoscaler.kubernetes.io/pod-scale-up-delay': '30s' } },
      created: 0,
    },
  ])('a pod that $what takes $created nodes', ({ pod, created }) => {
    const template = {
      labels: { tier: 'web' },
      taints: [{ key: 'team', value: 'a', effect: 'NoSchedule' }],
      allocatable: { cpu: '4', memory: '16Gi' },
    };
    const pool = poolOf({ template, bounds: { min_nodes: 0, max_nodes: 50 } });
    expect(planFor([podOf(500, { tolerations: [toleration], ...pod })], {}, pool).created).toBe(created);
  });

  it('takes from a new node what DaemonSets take from the present ones', () => {
    const resident = podOf(500, { ownerKind: 'DaemonSet', nodeName: 'a' });
    const nodes = [nodeOf('a', { pods: [resident, podOf(3_000, { nodeName: 'a' })] })];
    expect(planFor([podOf(3_500)], { nodes }).created).toBe(1);
    expect(planFor([podOf(3_600)], { nodes }).codes).toContain('pods-fit-nowhere');
  });

  it('finds places for the pods of a reclaimed node before it is gone', () => {
    const nodes = [nodeOf('spot', { interruptedMs: NOON + 120_000, pods: [podOf(3_000, { nodeName: 'spot' })] })];
    const { planned } = planFor([], { nodes });
    expect(planned.actions.map((action) => action.kind)).toEqual(['drain', 'create']);
  });
});
