import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import type { ClusterNode } from '@forescale/shared/domain';
import type { AutoscalerFacts } from '@forescale/shared/kubernetes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { otherWriters } from './single-writer.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 12);
const MINUTE_MS = 60_000;
const NONE: AutoscalerFacts = { clusterAutoscaler: null, deployments: [], nodePools: [], unread: [] };

function poolOf(selector: Readonly<Record<string, string>> = { role: 'web' }): PoolConfig {
  const [pool] = parseConfig(JSON.stringify({ autoscaler: { pools: [{ name: 'web', selector }] } }), 'test', {}).pools;
  return pool as PoolConfig;
}

function nodeOf(name: string, change: Partial<ClusterNode> = {}): ClusterNode {
  return {
    name,
    uid: name,
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

const labelled = (key: string, value = 'x') => [nodeOf('n-1'), nodeOf('n-2', { labels: { [key]: value } })];
const tainted = (key: string) => [nodeOf('n-1', { taints: [{ key, value: '', effect: 'NoSchedule' }] })];

describe('another writer of the nodes', () => {
  it.each<[what: string, nodes: readonly ClusterNode[], facts: Partial<AutoscalerFacts>, owner: string | null]>([
    ['nobody', [nodeOf('n-1')], {}, null],
    ['no nodes at all', [], {}, null],
    [
      'Karpenter has made one',
      labelled('karpenter.sh/nodepool', 'default'),
      {},
      'Karpenter (node n-2 has label karpenter.sh/nodepool=default)',
    ],
    ['only the capacity type, as our own nodes have it', labelled('karpenter.sh/capacity-type', 'spot'), {}, null],
    [
      'EKS',
      labelled('eks.amazonaws.com/nodegroup'),
      {},
      'an EKS node group (node n-2 has label eks.amazonaws.com/nodegroup=x)',
    ],
    [
      'GKE',
      labelled('cloud.google.com/gke-nodepool'),
      {},
      'a GKE node pool (node n-2 has label cloud.google.com/gke-nodepool=x)',
    ],
    [
      'AKS',
      labelled('kubernetes.azure.com/agentpool'),
      {},
      'an AKS node pool (node n-2 has label kubernetes.azure.com/agentpool=x)',
    ],
    [
      'Cluster Autoscaler removes one',
      tainted('ToBeDeletedByClusterAutoscaler'),
      {},
      'Cluster Autoscaler (node n-1 has taint ToBeDeletedByClusterAutoscaler)',
    ],
    [
      'Cluster Autoscaler thinks of it',
      tainted('DeletionCandidateOfClusterAutoscaler'),
      {},
      'Cluster Autoscaler (node n-1 has taint DeletionCandidateOfClusterAutoscaler)',
    ],
    [
      'Karpenter removes one',
      tainted('karpenter.sh/disrupted'),
      {},
      'Karpenter (node n-1 has taint karpenter.sh/disrupted)',
    ],
    ['a taint of the cluster itself', tainted('node.kubernetes.io/unreachable'), {}, null],
    [
      'its Deployment',
      [],
      { deployments: [{ kind: 'cluster-autoscaler', namespace: 'kube-system', name: 'ca' }] },
      'Cluster Autoscaler (Deployment kube-system/ca)',
    ],
    [
      'a hosted one, by its status',
      [],
      { clusterAutoscaler: { updatedMs: NOW_MS - MINUTE_MS } },
      'Cluster Autoscaler (it writes ConfigMap kube-system/cluster-autoscaler-status)',
    ],
    [
      'a status whose time nobody understands',
      [],
      { clusterAutoscaler: { updatedMs: null } },
      'Cluster Autoscaler (it writes ConfigMap kube-system/cluster-autoscaler-status)',
    ],
    ['a status that was left behind', [], { clusterAutoscaler: { updatedMs: NOW_MS - 16 * MINUTE_MS } }, null],
    [
      'a NodePool whose nodes would be of the pool, before there are any',
      [],
      { nodePools: [{ name: 'general', labels: { role: ['web', 'db'], 'karpenter.sh/nodepool': ['general'] } }] },
      "Karpenter (NodePool general makes nodes that match the pool's selector)",
    ],
    ['a NodePool of other nodes', [], { nodePools: [{ name: 'db', labels: { role: ['db'] } }] }, null],
    [
      'Karpenter for other nodes',
      [],
      { deployments: [{ kind: 'karpenter', namespace: 'karpenter', name: 'karpenter' }] },
      null,
    ],
    [
      'what may not be read',
      [],
      { unread: [{ part: 'deployments', text: 'Deployments: HTTP 403', isRefused: true }] },
      null,
    ],
  ])('%s', (_what, nodes, facts, owner) => {
    expect(otherWriters(poolOf(), { nodes, autoscalers: { ...NONE, ...facts } }, NOW_MS).owner).toBe(owner);
  });

  it('names a few pieces of evidence, one of each owner', () => {
    const nodes = [
      ...labelled('karpenter.sh/nodepool'),
      ...labelled('eks.amazonaws.com/nodegroup'),
      ...tainted('karpenter.sh/disrupted'),
    ];
    const { owner } = otherWriters(poolOf(), { nodes, autoscalers: null }, NOW_MS);
    expect(owner?.match(/\(node/g)).toHaveLength(2);
  });

  const epoch = (ageMinutes: number) => String((NOW_MS - ageMinutes * MINUTE_MS) / 1_000);
  const DEPLOYMENT = { kind: 'cluster-autoscaler', namespace: 'kube-system', name: 'ca' } as const;
  const refused = (part: 'deployments' | 'nodePools') => ({ unread: [{ part, text: 'HTTP 403', isRefused: true }] });
  it.each<[what: string, value: string, facts: Partial<AutoscalerFacts> | null, isOwner: boolean]>([
    ['one of just now', epoch(2), {}, true],
    ['one that an autoscaler left behind when it went', epoch(61), {}, false],
    ['the same beside a status that it left behind as well', epoch(61), { clusterAutoscaler: { updatedMs: 0 } }, false],
    ['the same while one runs', epoch(61), { deployments: [DEPLOYMENT] }, true],
    ['the same while nothing else is known', epoch(61), null, true],
    ['the same where Deployments may not be read', epoch(61), refused('deployments'), true],
    ['the same where NodePools may not be read', epoch(61), refused('nodePools'), false],
    ['one without a time', 'true', {}, true],
  ])('a taint of Cluster Autoscaler, %s', (_what, value, facts, isOwner) => {
    const taints = [{ key: 'DeletionCandidateOfClusterAutoscaler', value, effect: 'PreferNoSchedule' as const }];
    const autoscalers = facts && { ...NONE, ...facts };
    const { owner } = otherWriters(poolOf(), { nodes: [nodeOf('n-1', { taints })], autoscalers }, NOW_MS);
    expect(owner !== null).toBe(isOwner);
  });

  it('a node of our own bears no witness with a label that the pool gives it', () => {
    const group = 'eks.amazonaws.com/nodegroup';
    const pool = poolOf({ [group]: 'main' });
    const ours = { 'forescale.dev/pool': 'web', 'forescale.dev/capacity-type': 'spot' };
    const ownerOf = (labels: Readonly<Record<string, string>>) =>
      otherWriters(pool, { nodes: [nodeOf('n-1', { labels })], autoscalers: NONE }, NOW_MS).owner;
    expect(ownerOf({ ...ours, [group]: 'main' })).toBeNull();
    expect(ownerOf({ ...ours, [group]: 'other' })).toContain('EKS');
    expect(ownerOf({ [group]: 'main' })).toContain('EKS');
  });

  it('says who is beside', () => {
    const facts = { ...NONE, nodePools: [{ name: 'db', labels: { role: ['db'] } }] };
    const beside = otherWriters(poolOf(), { nodes: [], autoscalers: facts }, NOW_MS);
    expect(beside).toEqual({ owner: null, beside: 'Karpenter (NodePool db)' });
  });

  it('is judged pool by pool: what selects no node of a NodePool is not refused for it', () => {
    const value = fc.constantFrom('a', 'b', 'c');
    const labels = fc.dictionary(fc.constantFrom('role', 'team', 'arch'), fc.array(value, { maxLength: 3 }));
    const selector = fc.dictionary(fc.constantFrom('role', 'team', 'arch'), value, { minKeys: 1 });
    fc.assert(
      fc.property(selector, fc.array(labels, { maxLength: 4 }), (wanted, pools) => {
        const nodePools = pools.map((one, i) => ({ name: `np-${i}`, labels: one }));
        const { owner } = otherWriters(poolOf(wanted), { nodes: [], autoscalers: { ...NONE, nodePools } }, NOW_MS);
        // The selector is met by one choice among the values that the NodePool's nodes may have.
        const isMet = pools.some((one) => Object.entries(wanted).every(([key, value]) => one[key]?.includes(value)));
        expect(owner !== null).toBe(isMet);
      }),
    );
  });
});
