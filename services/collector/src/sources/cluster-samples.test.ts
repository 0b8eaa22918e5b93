import { type PoolConfig, parseConfig } from '@forescale/shared/config';
import { type ClusterNode, type ClusterPod, NO_RESOURCES, type Resources } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { clusterSamples } from './cluster-samples.ts';
import { PENDING_REASONS } from './pending-reasons.ts';

const AT_MS = Date.parse('2026-11-24T10:00:00Z');
const poolOf = (body: string): PoolConfig =>
  parseConfig(`autoscaler: {pools: [{${body}}]}`, 'f', {}).pools[0] as PoolConfig;
const WEB = poolOf(
  'name: web, selector: {role: web}, template: {labels: {disk: ssd}, taints: [{key: team, value: a, effect: NoSchedule}]}',
);

const node = (name: string, change: Partial<ClusterNode> = {}): ClusterNode => ({
  name,
  uid: name,
  providerId: '',
  createdMs: AT_MS,
  ready: true,
  readyChangedMs: AT_MS,
  notReadyBecause: '',
  unschedulable: false,
  labels: { role: 'web' },
  annotations: {},
  taints: [],
  allocatable: NO_RESOURCES,
  ...change,
});

const TOLERATES = { key: 'team', operator: 'Equal', value: 'a', effect: 'NoSchedule' } as const;
const asks = (cpuMillicores: number): Resources => ({
  cpuMillicores,
  memoryBytes: 10 * cpuMillicores,
  pods: 1,
  gpus: 0,
});
const pod = (change: Partial<ClusterPod> = {}): ClusterPod => ({
  namespace: 'default',
  name: 'p',
  uid: 'p',
  createdMs: AT_MS,
  nodeName: null,
  phase: 'Pending',
  unschedulable: true,
  terminating: false,
  requests: asks(100),
  labels: {},
  annotations: {},
  nodeSelector: {},
  tolerations: [TOLERATES],
  rules: null,
  priority: 0,
  ownerKind: 'ReplicaSet',
  localStorage: false,
  ...change,
});

function read(
  nodes: ClusterNode[],
  pods: ClusterPod[],
  usage: Parameters<typeof clusterSamples>[1] = null,
  pool = WEB,
) {
  const samples = clusterSamples({ atMs: AT_MS, nodes, pods }, usage, pool);
  for (const sample of samples) expect(sample).toMatchObject({ pool: pool.name, source: 'kubernetes', timeMs: AT_MS });
  return Object.fromEntries(samples.map(({ signal, value }) => [signal, value]));
}

describe('samples of a cluster', () => {
  it('an empty cluster has zeros, which are samples too', () => {
    expect(read([], [])).toEqual({
      'requested-cpu': 0,
      'requested-memory': 0,
      'requested-pods': 0,
      'pending-pods': 0,
      ...Object.fromEntries(PENDING_REASONS.map((reason) => [`pending-${reason}`, 0])),
      'ready-nodes': 0,
      'allocatable-cpu': 0,
      'allocatable-memory': 0,
      'allocatable-pods': 0,
    });
  });

  it('requests of bound and of pending pods are added; both kinds are demand', () => {
    const pods = [pod({ nodeName: 'a', requests: asks(300) }), pod({ requests: asks(200) })];
    expect(read([node('a')], pods)).toMatchObject({
      'requested-cpu': 500,
      'requested-memory': 5_000,
      'requested-pods': 2,
      'pending-pods': 1,
    });
  });

  it('only the nodes of the pool count, and of those the Ready ones', () => {
    const nodes = [
      node('a'),
      node('b', { ready: false }),
      node('c', { labels: { role: 'db' } }),
      node('d', { unschedulable: true }),
    ];
    expect(read(nodes, [])['ready-nodes']).toBe(2);
  });

  it.each<[what: string, change: Partial<ClusterPod>, pods: number, pending: number]>([
    ['bound to a node of another pool', { nodeName: 'c' }, 0, 0],
    ['bound to a node that is not there', { nodeName: 'gone' }, 0, 0],
    ['of a DaemonSet, bound', { nodeName: 'a', ownerKind: 'DaemonSet' }, 0, 0],
    ['of a DaemonSet, pending', { ownerKind: 'DaemonSet' }, 0, 0],
    ['terminating on its node', { nodeName: 'a', terminating: true }, 1, 0],
    ['terminating before it was bound', { terminating: true }, 0, 0],
    ['just created, not yet looked at', { unschedulable: false }, 1, 1],
    ['that selects the labels of the pool', { nodeSelector: { role: 'web', disk: 'ssd' } }, 1, 1],
    ['that selects other labels', { nodeSelector: { disk: 'tape' } }, 0, 0],
    ['that selects a label nobody has', { nodeSelector: { gpu: 'yes' } }, 0, 0],
    ['that tolerates nothing', { tolerations: [] }, 0, 0],
    ['that tolerates everything', { tolerations: [{ key: null, operator: 'Exists', value: '', effect: null }] }, 1, 1],
    ['that tolerates the key', { tolerations: [{ ...TOLERATES, operator: 'Exists', value: '' }] }, 1, 1],
    ['that tolerates another value', { tolerations: [{ ...TOLERATES, value: 'b' }] }, 0, 0],
    ['that tolerates another effect', { tolerations: [{ ...TOLERATES, effect: 'NoExecute' }] }, 0, 0],
    ['that tolerates any effect', { tolerations: [{ ...TOLERATES, effect: null }] }, 1, 1],
  ])('a pod %s', (_what, change, pods, pending) => {
    const nodes = [node('a'), node('c', { labels: { role: 'db' } })];
    expect(read(nodes, [pod(change)])).toMatchObject({ 'requested-pods': pods, 'pending-pods': pending });
  });

  it('why pods wait is counted by reason, and those that have not been looked at on their own', () => {
    const because = (text: string) => pod({ unschedulableBecause: `0/2 nodes are available: ${text}.` });
    const pods = [because('2 Insufficient cpu'), because('1 Insufficient cpu, 1 Insufficient memory'), pod()];
    expect(read([], [...pods, pod({ unschedulable: false })])).toMatchObject({
      ...{ 'pending-pods': 4, 'pending-cpu': 2, 'pending-memory': 1, 'pending-other': 1, 'pending-unseen': 1 },
      'pending-taint': 0,
    });
  });

  it('what nodes have to give is that of the Ready ones', () => {
    const allocatable = { cpuMillicores: 4_000, memoryBytes: 8, pods: 110, gpus: 0 };
    const nodes = [node('a', { allocatable }), node('b', { allocatable }), node('c', { allocatable, ready: false })];
    expect(read(nodes, [])).toMatchObject({
      ...{ 'allocatable-cpu': 8_000, 'allocatable-memory': 16, 'allocatable-pods': 220 },
    });
  });

  it('a taint that only prefers keeps nobody away', () => {
    const pool = poolOf('template: {taints: [{key: a, effect: PreferNoSchedule}]}');
    expect(read([], [pod({ tolerations: [] })], null, pool)['pending-pods']).toBe(1);
  });

  it('use is that of the nodes of the pool, and is left out where it is not measured', () => {
    const usage = new Map([
      ['a', { cpuMillicores: 700, memoryBytes: 5 }],
      ['c', { cpuMillicores: 9_000, memoryBytes: 9 }],
    ]);
    const nodes = [node('a'), node('b'), node('c', { labels: { role: 'db' } })];
    expect(read(nodes, [], usage)).toMatchObject({ 'used-cpu': 700, 'used-memory': 5 });
    expect(read(nodes, [])).not.toHaveProperty('used-cpu');
  });
});
