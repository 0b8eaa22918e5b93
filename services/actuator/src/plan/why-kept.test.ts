import type { ClusterNode, ClusterPod } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { podOf } from './plan-state.test-data.ts';
import { type KeepFacts, whyKept } from './why-kept.ts';

const NODE: ClusterNode = {
  name: 'a',
  uid: 'a',
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
};
const SAFE = 'cluster-autoscaler.kubernetes.io/safe-to-evict';

describe('whyKept', () => {
  it.each<{
    what: string;
    node?: Partial<ClusterNode>;
    pod?: Partial<ClusterPod>;
    facts?: Partial<KeepFacts>;
    why: string | null;
  }>([
    { what: 'an ordinary node', why: null },
    {
      what: 'a K3s server',
      node: { labels: { 'node-role.kubernetes.io/control-plane': 'true' } },
      why: 'control plane',
    },
    { what: 'an etcd member', node: { labels: { 'node-role.kubernetes.io/etcd': 'true' } }, why: 'control plane' },
    { what: 'the node that Forescale runs on', facts: { homeNode: 'a' }, why: 'Forescale runs on it' },
    { what: 'a node of somebody else', facts: { owned: false }, why: 'has not created it' },
    { what: 'an adopted one', facts: { owned: false, adopt: true }, why: null },
    {
      what: 'a node marked so',
      node: { annotations: { 'karpenter.sh/do-not-disrupt': 'true' } },
      why: 'do-not-disrupt',
    },
    { what: 'a bare pod', pod: { ownerKind: null }, why: 'no controller' },
    { what: 'a bare pod that is safe to evict', pod: { ownerKind: null, annotations: { [SAFE]: 'true' } }, why: null },
    { what: 'a pod that is not safe to evict', pod: { annotations: { [SAFE]: 'false' } }, why: 'not safe' },
    { what: 'a pod with local data', pod: { localStorage: true }, why: 'keeps data' },
    { what: 'a static pod of the kubelet', pod: { ownerKind: 'Node', localStorage: true }, why: null },
    {
      what: 'a pod not to be disrupted',
      pod: { annotations: { 'karpenter.sh/do-not-disrupt': 'true' } },
      why: 'disrupted',
    },
    { what: 'one that is going anyway', pod: { ownerKind: null, terminating: true }, why: null },
  ])('$what: $why', ({ node = {}, pod = {}, facts = {}, why }) => {
    const kept = whyKept({ ...NODE, ...node }, [podOf(100, pod)], {
      owned: true,
      adopt: false,
      homeNode: null,
      ...facts,
    });
    if (why === null) expect(kept).toBeNull();
    else expect(kept).toContain(why);
  });
});
