import { parseConfig } from '@forescale/shared/config';
import type { ClusterNode, ClusterPod } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { workloadPoints } from './workload-points.ts';

const POOL = parseConfig('autoscaler: { pools: [{ name: web, selector: { tier: web } }] }', 'test', {}).pools[0];
if (!POOL) throw new Error('no pool');
const GIB = 2 ** 30;

const node = (name: string, tier: string): ClusterNode => ({
  name,
  uid: name,
  providerId: '',
  createdMs: 0,
  ready: true,
  readyChangedMs: 0,
  notReadyBecause: '',
  unschedulable: false,
  labels: { tier },
  annotations: {},
  taints: [],
  allocatable: { cpuMillicores: 4_000, memoryBytes: GIB, pods: 110, gpus: 0 },
});

const pod = (name: string, ownerKind: string | null, overrides: Partial<ClusterPod> = {}): ClusterPod => ({
  namespace: 'shop',
  name,
  uid: name,
  createdMs: 0,
  nodeName: 'a',
  phase: 'Running',
  unschedulable: false,
  terminating: false,
  requests: { cpuMillicores: 500, memoryBytes: GIB, pods: 1, gpus: 0 },
  labels: {},
  annotations: {},
  nodeSelector: {},
  tolerations: [],
  priority: 0,
  rules: null,
  ownerKind,
  localStorage: false,
  ...overrides,
});

const used = (cpuMillicores: number, memoryBytes: number) => ({ cpuMillicores, memoryBytes });

describe('what workloads wait for', () => {
  it('is counted beside what is there, and alone where nothing is', () => {
    const waits = { nodeName: null, phase: 'Pending' } as const;
    const pods = [
      pod('api-7d4f9c-x2v9k', 'ReplicaSet'),
      pod('api-7d4f9c-b8m2q', 'ReplicaSet', waits),
      pod('api-55d9cc-4tq7z', 'ReplicaSet', waits),
      pod('db-0', 'StatefulSet', { ...waits, requests: { cpuMillicores: 4_000, memoryBytes: GIB, pods: 1, gpus: 0 } }),
      pod('agent-x2v9k', 'DaemonSet', waits),
      pod('batch-0', 'StatefulSet', { ...waits, nodeSelector: { tier: 'batch' } }),
    ];
    const state = { atMs: 5, nodes: [node('a', 'web')], pods };
    const points = workloadPoints(state, new Map([['shop/api-7d4f9c-x2v9k', used(100, GIB)]]), POOL);
    expect(points.map(({ tags, fields }) => [tags.workload, fields])).toEqual([
      ['db', { pending: 1 }],
      ['api', { pods: 1, requested_cpu: 500, requested_memory: GIB, used_cpu: 100, used_memory: GIB, pending: 2 }],
    ]);
  });
});

describe('what workloads use', () => {
  it('is that of the busiest pod of each workload on the nodes of the pool', () => {
    const pods = [
      pod('api-7d4f9c-x2v9k', 'ReplicaSet'),
      pod('api-7d4f9c-b8m2q', 'ReplicaSet'),
      pod('db-0', 'StatefulSet'),
      pod('lonely', null),
      pod('unmeasured-1', 'StatefulSet'),
      pod('other-0', 'StatefulSet', { nodeName: 'b' }),
      pod('waiting-0', 'StatefulSet', { nodeName: null, phase: 'Pending', nodeSelector: { tier: 'batch' } }),
    ];
    const usage = new Map([
      ['shop/api-7d4f9c-x2v9k', used(100, GIB)],
      ['shop/api-7d4f9c-b8m2q', used(300, GIB / 2)],
      ['shop/db-0', used(50, GIB)],
      ['shop/lonely', used(1, 1)],
      ['shop/other-0', used(1, 1)],
    ]);
    const state = { atMs: 5, nodes: [node('a', 'web'), node('b', 'batch')], pods };
    const points = workloadPoints(state, usage, POOL);
    expect(points.map((one) => one.tags.workload)).toEqual(['api', 'db', 'lonely']);
    expect(points[0]).toEqual({
      measurement: 'workload',
      tags: { pool: 'web', namespace: 'shop', workload: 'api' },
      fields: { pods: 2, requested_cpu: 500, requested_memory: GIB, used_cpu: 300, used_memory: GIB },
      timeMs: 5,
    });
  });
});
