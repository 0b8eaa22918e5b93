import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY } from './memory.ts';
import { plan } from './plan.ts';
import { forecastOf, NOON, nodeOf, nodesOf, podOf, poolOf, stateOf } from './plan-state.test-data.ts';
import type { Plan, PlanState } from './types.ts';

const MINUTE_MS = 60_000;
const POOL = poolOf();

const drained = ({ actions }: Plan) => actions.flatMap((action) => (action.kind === 'drain' ? [action.nodeName] : []));
const codes = ({ report }: Plan) => report.reasons.map((one) => one.code);

/** A memory in which every one of `count` nodes has not been needed for an hour. */
const longUnneeded = (count: number) => ({
  ...EMPTY_MEMORY,
  unneededSinceMs: Object.fromEntries(nodesOf(count).map((node) => [node.name, NOON - 60 * MINUTE_MS])),
});
const spare = (rps: number, count: number, overrides: Partial<PlanState> = {}) =>
  stateOf(rps, { nodes: nodesOf(count), memory: longUnneeded(count), ...overrides });

describe('plan: scale-down', () => {
  it('waits until a node has not been needed for ten minutes, then lets it go', () => {
    let state = stateOf(400, { nodes: nodesOf(5) });
    for (let minute = 0; minute < 10; minute++) {
      const nowMs = NOON + minute * MINUTE_MS;
      const planned = plan({ ...state, readings: [{ signal: 'rps', timeMs: nowMs, value: 400 }] }, [], POOL, nowMs);
      expect(planned.actions).toEqual([]);
      expect(codes(planned)).toContain('hold-unneeded');
      state = { ...state, memory: planned.memory };
    }
    const nowMs = NOON + 10 * MINUTE_MS;
    const planned = plan({ ...state, readings: [{ signal: 'rps', timeMs: nowMs, value: 400 }] }, [], POOL, nowMs);
    expect(drained(planned)).toEqual(['node-00000']);
  });

  it('starts the ten minutes anew when the load comes back in between', () => {
    const first = plan(stateOf(400, { nodes: nodesOf(5) }), [], POOL, NOON);
    const again = plan(stateOf(500, { nodes: nodesOf(5), memory: first.memory }), [], POOL, NOON);
    expect(first.memory.unneededSinceMs).toEqual({ 'node-00000': NOON });
    expect(again.memory.unneededSinceMs).toEqual({});
  });

  it('never goes below the observed need, the min, or 10 % at once', () => {
    expect(drained(plan(spare(950, 10), [], POOL, NOON))).toEqual([]);
    expect(drained(plan(spare(0, 10), [], POOL, NOON))).toHaveLength(1);
    expect(drained(plan(spare(0, 10), [], poolOf({ bounds: { min_nodes: 10, max_nodes: 20 } }), NOON))).toEqual([]);
    expect(drained(plan(spare(0, 19), [], POOL, NOON))).toHaveLength(2);
  });

  it('counts what is out of order already against the disruption budget', () => {
    const nodes = [...nodesOf(10), nodeOf('x', { phase: 'draining' })];
    expect(drained(plan(spare(100, 10, { nodes }), [], POOL, NOON))).toHaveLength(1);
    const broken = [...nodes, nodeOf('y', { phase: 'notready' })];
    const planned = plan(spare(100, 10, { nodes: broken }), [], POOL, NOON);
    expect(drained(planned)).toEqual([]);
    expect(codes(planned)).toContain('hold-disruption');
  });

  it.each([
    {
      code: 'hold-after-scale-up',
      memory: { lastScaleUpMs: NOON - 9 * MINUTE_MS },
      after: { lastScaleUpMs: NOON - 10 * MINUTE_MS },
    },
    {
      code: 'hold-after-failure',
      memory: { lastFailureMs: NOON - 2 * MINUTE_MS },
      after: { lastFailureMs: NOON - 3 * MINUTE_MS },
    },
  ])('holds while a cool-down is open: $code', ({ code, memory, after }) => {
    const open = plan(spare(100, 5, { memory: { ...longUnneeded(5), ...memory } }), [], POOL, NOON);
    expect(open.actions).toEqual([]);
    expect(codes(open)).toContain(code);
    expect(drained(plan(spare(100, 5, { memory: { ...longUnneeded(5), ...after } }), [], POOL, NOON))).toHaveLength(1);
  });

  it('holds what the forecast may want back: the quantile of the maximum, not that of the moment', () => {
    const quiet = forecastOf(100);
    const gusty = forecastOf(100, { maxExtra: 380 });
    expect(drained(plan(spare(100, 5), [quiet], POOL, NOON))).toHaveLength(1);
    const planned = plan(spare(100, 5), [gusty], POOL, NOON);
    expect(planned.actions).toEqual([]);
    expect(planned.report).toMatchObject({ need: 1, hold: 5 });
    expect(codes(planned)).toContain('hold-forecast');
  });

  it('takes a drain back when the forecast wants the node within boot and margin, and not for later', () => {
    const nodes = [...nodesOf(4), nodeOf('leaving', { phase: 'draining' })];
    const state = stateOf(350, { nodes });
    const kept = (maxExtra: number) =>
      plan(state, [forecastOf(350, { maxExtra })], POOL, NOON).actions.map((one) => one.kind);
    // 430 are four nodes and 0.3 of one, which is not worth its price.
    expect(kept(80)).toEqual([]);
    expect(kept(81)).toEqual(['cancel-drain']);
    // The order is for the moment, so that nothing is bought for the maximum.
    expect(kept(400)).toEqual(['cancel-drain']);
  });

  it('holds for the min of a window that opens before the node could be back', () => {
    const pool = poolOf({}, { policies: { soon: { time_range: '12:04-13:00', min_nodes: 5 } } });
    const planned = plan(spare(100, 5), [], pool, NOON);
    expect(planned.actions).toEqual([]);
    expect(codes(planned)).toContain('hold-forecast');
  });

  it('lets none go while more than 45 % and more than 3 nodes of the cluster are not Ready', () => {
    const holds = (nodes: number, unready: number) =>
      drained(plan(spare(100, 5, { cluster: { nodes, unready } }), [], POOL, NOON)).length === 0;
    expect(holds(5, 3)).toBe(false);
    expect(holds(8, 4)).toBe(true);
    expect(holds(10, 4)).toBe(false);
    expect(holds(20, 10)).toBe(true);
  });

  it('lets a node go only after its minimum billing time', () => {
    const pool = poolOf({ scale_down: { min_billing: '1h' } });
    const at = (ageMinutes: number) => {
      const nodes = nodesOf(5, { createdMs: NOON - ageMinutes * MINUTE_MS });
      return plan(spare(100, 5, { nodes }), [], pool, NOON);
    };
    expect(codes(at(59))).toContain('hold-min-billing');
    expect(drained(at(59))).toEqual([]);
    expect(drained(at(60))).toHaveLength(1);
  });

  it('keeps nodes that may never leave, and lets the next one go', () => {
    const nodes = nodesOf(5).map((node, i) => (i < 4 ? { ...node, keptBecause: 'Forescale runs on it' } : node));
    const planned = plan(spare(100, 5, { nodes }), [], POOL, NOON);
    expect(drained(planned)).toEqual(['node-00004']);
    expect(codes(planned)).toContain('hold-kept');
  });

  it('obeys scale_down.enabled: false', () => {
    expect(plan(spare(100, 5), [], poolOf({ scale_down: { enabled: false } }), NOON).actions).toEqual([]);
  });
});

describe('plan: scale-down with pods', () => {
  const bound = (cpuMillicores: number, nodeName: string) => podOf(cpuMillicores, { nodeName, phase: 'Running' });
  const loaded = (...cpu: number[][]) =>
    cpu.map((pods, i) => nodeOf(`node-0000${i}`, { pods: pods.map((one) => bound(one, `node-0000${i}`)) }));

  it('lets the least utilised node go', () => {
    const nodes = loaded([1_000], [500], [1_500]);
    expect(drained(plan(spare(100, 3, { nodes }), [], POOL, NOON))).toEqual(['node-00001']);
  });

  it('keeps nodes used to half or more', () => {
    const planned = plan(spare(100, 2, { nodes: loaded([2_000], [2_000]) }), [], POOL, NOON);
    expect(planned.actions).toEqual([]);
    expect(codes(planned)).toContain('hold-utilisation');
  });

  it('keeps a node whose pods would find no place', () => {
    // The pod of 1900 fits beside neither of the others: 4000 - 2200 and 4000 - 2500 are free.
    const nodes = loaded([1_900], [2_200], [2_500]);
    const planned = plan(spare(100, 3, { nodes }), [], POOL, NOON);
    expect(planned.actions).toEqual([]);
    expect(codes(planned)).toContain('hold-no-place');
  });

  it('does not promise the same place twice: pods of nodes that are draining come first', () => {
    // 1500 + 1500 do not fit into the 2000 that are left on the third node.
    const nodes = loaded([1_500], [1_500], [2_000]).map((node, i) =>
      i === 0 ? { ...node, phase: 'draining' as const } : node,
    );
    expect(drained(plan(spare(100, 3, { nodes }), [], poolOf({ scale_down: { max_parallel: 5 } }), NOON))).toEqual([]);
  });

  it('lets no node go that has just taken the pods of another', () => {
    // The 1000 of the first fit onto the second alone, whose 1300 fit onto the third: not both, then.
    const full = Array.from({ length: 8 }, () => [3_500]);
    const nodes = loaded([1_000], [1_300], [2_600], ...full);
    expect(drained(plan(spare(100, 11, { nodes }), [], POOL, NOON))).toEqual(['node-00000']);
  });

  it('keeps a node that the pods of a draining one will need', () => {
    const nodes = loaded([], [3_000], [1_500]).map((node, i) =>
      i === 2 ? { ...node, phase: 'draining' as const } : node,
    );
    const pool = poolOf({ scale_down: { max_parallel: 5 } });
    const cluster = { nodes: 30, unready: 0 };
    const more = Array.from({ length: 10 }, (_, i) => nodeOf(`z${i}`, { pods: [bound(3_000, `z${i}`)] }));
    const planned = plan(spare(100, 3, { nodes: [...nodes, ...more], cluster }), [], pool, NOON);
    expect(planned.actions).toEqual([]);
    expect(codes(planned)).toContain('hold-pending');
  });

  it('moves no pods of DaemonSets and counts them to no utilisation', () => {
    const resident = podOf(3_000, { ownerKind: 'DaemonSet', nodeName: 'node-00000' });
    const nodes = [nodeOf('node-00000', { pods: [resident] }), nodeOf('node-00001', { pods: [resident] })];
    expect(drained(plan(spare(100, 2, { nodes }), [], POOL, NOON))).toEqual(['node-00000']);
  });

  it('leaves pods in place when the max falls and they fit nowhere else', () => {
    const pool = poolOf({ bounds: { min_nodes: 1, max_nodes: 2 } });
    const full = plan(spare(800, 4, { nodes: loaded([3_000], [3_000], [3_000], [3_000]) }), [], pool, NOON);
    expect(full.actions).toEqual([]);
    expect(codes(full)).toEqual(expect.arrayContaining(['hold-no-place', 'above-bound']));
    const light = plan(spare(800, 4, { nodes: loaded([1_000], [3_000], [3_000], [3_000]) }), [], pool, NOON);
    expect(drained(light)).toEqual(['node-00000']);
  });
});

it('plan: scale-down: a node stays on which a pod that waits would find its place', () => {
  const nodes = nodesOf(2).map((node) => ({ ...node, pods: [] }));
  const waiting = (count: number) =>
    plan(spare(100, 2, { nodes, pendingPods: Array.from({ length: count }, () => podOf(3_000)) }), [], POOL, NOON);
  expect(waiting(2).actions).toEqual([]);
  expect(codes(waiting(2))).toContain('hold-pending');
  expect(drained(waiting(1))).toHaveLength(1);
});
