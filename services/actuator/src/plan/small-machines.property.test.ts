import type { ClusterPod } from '@forescale/shared/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import { applied, NOON, nodeOf, podOf, poolOf, settled, stateOf } from './plan-state.test-data.ts';
import type { PlanState, PoolNode } from './types.ts';

const MINUTE_MS = 60_000;
const GIB = 2 ** 30;
const DAEMON_CPU = 300;

const OFFERINGS = [
  { instance_type: 's', usd_per_hour: 0.04, allocatable: { cpu: '1', memory: '4Gi', pods: 30 } },
  { instance_type: 'c', usd_per_hour: 0.09, allocatable: { cpu: '3', memory: '3Gi', pods: 30 } },
  { instance_type: 'r', usd_per_hour: 0.08, allocatable: { cpu: '1', memory: '14Gi', pods: 30 } },
];

const daemon = () => podOf(DAEMON_CPU, { ownerKind: 'DaemonSet', nodeName: 'x', phase: 'Running' });
const fitsOn = (pod: ClusterPod, { cpu, memory }: { cpu: string; memory: string }) =>
  pod.requests.cpuMillicores <= 1_000 * Number(cpu) - DAEMON_CPU &&
  pod.requests.memoryBytes <= (Number.parseInt(memory, 10) - 1) * GIB;

/** What starts comes with its DaemonSet; then the scheduler puts what waits on the first node that has room. */
function scheduled(state: PlanState, pool: ReturnType<typeof poolOf>): PlanState {
  const sizes = new Map(state.starting.map((one) => [one.requestId, one.offering.allocatable]));
  const nodes: PoolNode[] = settled(state, pool).nodes.map((node) => {
    const allocatable = sizes.get(node.name) ?? node.allocatable;
    return { ...node, allocatable, pods: node.pods ?? [daemon()] };
  });
  const waiting: ClusterPod[] = [];
  for (const pod of state.pendingPods) {
    const i = nodes.findIndex(({ allocatable, pods }) => {
      const used = (field: 'cpuMillicores' | 'memoryBytes') =>
        (pods ?? []).reduce((sum, one) => sum + one.requests[field], pod.requests[field]);
      return used('cpuMillicores') <= allocatable.cpuMillicores && used('memoryBytes') <= allocatable.memoryBytes;
    });
    const node = nodes[i];
    if (node === undefined) waiting.push(pod);
    else nodes[i] = { ...node, pods: [...(node.pods ?? []), { ...pod, nodeName: node.name, phase: 'Running' }] };
  }
  return { ...state, nodes, starting: [], pendingPods: waiting, cluster: { nodes: nodes.length, unready: 0 } };
}

describe('plan: machines smaller than the template', () => {
  it('come until each pod that some machine can carry has a place, and no more', () => {
    const arbitrary = fc.record({
      offerings: fc.subarray(OFFERINGS, { minLength: 1 }),
      pods: fc.array(fc.record({ cpu: fc.integer({ min: 100, max: 3_500 }), gib: fc.integer({ min: 1, max: 14 }) }), {
        maxLength: 10,
      }),
    });
    fc.assert(
      fc.property(arbitrary, ({ offerings, pods }) => {
        const pool = poolOf({ offerings, bounds: { min_nodes: 0, max_nodes: 1_000 } });
        const pendingPods = pods.map(({ cpu, gib }) =>
          podOf(cpu, { requests: { cpuMillicores: cpu, memoryBytes: gib * GIB, pods: 1, gpus: 0 } }),
        );
        let state = stateOf(0, { nodes: [nodeOf('first', { pods: [daemon()] })], pendingPods });
        let ordered = -1;
        for (let tick = 0; tick < 40; tick++) {
          const nowMs = NOON + tick * MINUTE_MS;
          state = { ...state, readings: [{ signal: 'rps', timeMs: nowMs, value: 0 }] };
          const before = applied(state, plan(state, [], pool, nowMs), nowMs);
          ordered = before.starting.length;
          state = scheduled(before, pool);
        }
        expect(ordered).toBe(0);
        const able = state.pendingPods.filter((pod) => offerings.some((one) => fitsOn(pod, one.allocatable)));
        expect(able.map((pod) => pod.requests)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('do not come for a pod that beside the DaemonSets fits none of them; the report says so', () => {
    const pool = poolOf({ offerings: OFFERINGS.slice(0, 1), bounds: { min_nodes: 0, max_nodes: 1_000 } });
    const nodes = [nodeOf('first', { pods: [daemon(), podOf(3_600)] })];
    const { actions, report } = plan(stateOf(0, { nodes, pendingPods: [podOf(800)] }), [], pool, NOON);
    expect(actions).toEqual([]);
    expect(report.reasons).toContainEqual({
      code: 'pods-fit-nowhere',
      text: '1 of 1 pending pods fit no node of this pool',
    });
  });
});
