import type { ClusterNode } from '@forescale/shared/domain';
import { expect, it } from 'vitest';
import { testPool } from './fakes/world.ts';
import { offeringOf } from './sweep.ts';

const LARGE = {
  ...{ provider: '', instanceType: 'large', region: 'r', zone: 'a', capacityType: 'on_demand' as const },
  ...{ usdPerHour: 2, allocatable: null, interruption: null },
};
const pool = testPool({ offerings: [{ ...LARGE, instanceType: 'small', usdPerHour: 1 }, LARGE] });

it.each<[what: string, labels: Record<string, string>]>([
  ['its type', { 'node.kubernetes.io/instance-type': 'large' }],
  // K3s' own cloud controller says that every node is of the type k3s.
  [
    'what we have said of its type',
    { 'node.kubernetes.io/instance-type': 'k3s', 'forescale.dev/instance-type': 'large' },
  ],
])('a node is known by %s', (_what, labels) => {
  const node: ClusterNode = {
    ...{ name: 'n', uid: 'u', providerId: '', createdMs: 0, ready: true, readyChangedMs: 0, notReadyBecause: '' },
    ...{ unschedulable: false, annotations: {}, taints: [] },
    labels: { 'topology.kubernetes.io/zone': 'a', ...labels },
    allocatable: { cpuMillicores: 4_000, memoryBytes: 16 * 2 ** 30, pods: 110, gpus: 0 },
  };
  expect(offeringOf(pool, node)).toEqual(LARGE);
});
