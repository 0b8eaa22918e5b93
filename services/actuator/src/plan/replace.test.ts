import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY, withFailure } from './memory.ts';
import { plan } from './plan.ts';
import { applied, NOON, nodeOf, nodesOf, podOf, poolOf, settled, stateOf } from './plan-state.test-data.ts';
import type { Plan, PlanState, PoolNode } from './types.ts';

const MINUTE_MS = 60_000;
const ON_DEMAND = { instance_type: 'm', usd_per_hour: 0.2 };
const SPOT = { instance_type: 'm', capacity_type: 'spot', usd_per_hour: 0.07, interruption: '<5%' };
const LARGE = { instance_type: 'l', usd_per_hour: 0.3, allocatable: { cpu: '8', memory: '32Gi', pods: 220 } };
const TO_SPOT = poolOf({ offerings: [ON_DEMAND, SPOT], spot: { share: 0.7 } });
const TO_CHEAPER = poolOf({ offerings: [ON_DEMAND, LARGE], scale_down: { consolidate: true } });

const created = ({ actions }: Plan) =>
  actions.flatMap((one) =>
    one.kind === 'create' ? [`${one.count} x ${one.offering.instanceType} ${one.offering.capacityType}`] : [],
  );
const drained = ({ actions }: Plan) => actions.flatMap((one) => (one.kind === 'drain' ? [one.nodeName] : []));
const dear = (overrides: Partial<PoolNode> = {}) => ({
  usdPerHour: 0.2,
  offeringId: 'm/local/local/on_demand',
  ...overrides,
});
const at = (state: PlanState, nowMs: number, rps: number) => ({
  ...state,
  readings: [{ signal: 'rps', timeMs: nowMs, value: rps }],
});

describe('plan: replacement', () => {
  it('brings nodes back to spot a few at a time, the new one first, and the old one leaves once it is Ready', () => {
    let state = stateOf(2_000, { nodes: nodesOf(20, dear()) });
    const pool = poolOf({
      offerings: [ON_DEMAND, SPOT],
      spot: { share: 0.7 },
      bounds: { min_nodes: 1, max_nodes: 30 },
    });
    const first = plan(state, [], pool, NOON);
    expect(created(first)).toEqual(['1 x m spot', '1 x m spot']);
    expect(drained(first)).toEqual([]);
    state = applied(state, first, NOON);
    expect(plan(state, [], pool, NOON).actions).toEqual([]);
    const nowMs = NOON + 4 * MINUTE_MS;
    state = at(settled(state, pool), nowMs, 2_000);
    const second = plan(state, [], pool, nowMs);
    expect(drained(second)).toHaveLength(2);
    expect(drained(second)).toEqual(first.memory.replacing?.nodes);
    state = at(settled(applied(state, second, nowMs), pool), nowMs + MINUTE_MS, 2_000);
    expect(state.nodes).toHaveLength(20);
  });

  it('ends at the share of spot, and never falls below what is needed on the way', () => {
    const pool = poolOf({
      offerings: [ON_DEMAND, SPOT],
      spot: { share: 0.7 },
      bounds: { min_nodes: 1, max_nodes: 30 },
    });
    let state = stateOf(2_000, { nodes: nodesOf(20, dear()) });
    for (let minute = 0; minute < 240; minute += 4) {
      const nowMs = NOON + minute * MINUTE_MS;
      state = at(state, nowMs, 2_000);
      state = settled(applied(state, plan(state, [], pool, nowMs), nowMs), pool);
      expect(state.nodes.length).toBeGreaterThanOrEqual(20);
    }
    expect(state.nodes).toHaveLength(20);
    expect(state.nodes.filter((node) => node.capacityType === 'spot')).toHaveLength(14);
  });

  it('waits until spot has not failed for return_after', () => {
    const memory = withFailure(EMPTY_MEMORY, 'm/local/local/spot', NOON);
    const after = (minutes: number) => {
      const nowMs = NOON + minutes * MINUTE_MS;
      return created(plan(stateOf(1_000, { nodes: nodesOf(10, dear()), memory }, nowMs), [], TO_SPOT, nowMs));
    };
    expect(after(29)).toEqual([]);
    expect(after(30)).toEqual(['1 x m spot']);
  });

  it.each([
    { why: 'the max has no room for both', pool: { bounds: { min_nodes: 1, max_nodes: 10 } } },
    {
      why: 'the price has no room for both',
      pool: { bounds: { min_nodes: 1, max_nodes: 20, usd_per_hour_max: 2.05 } },
    },
    { why: 'scale-down is off', pool: { scale_down: { enabled: false } } },
    { why: 'spot is riskier than the policy', pool: { spot: { share: 0.7, risk_max: 0.001 } } },
    { why: 'spot is hardly cheaper', pool: { offerings: [ON_DEMAND, { ...SPOT, usd_per_hour: 0.198 }] } },
    { why: 'the old ones are paid for anyway', pool: { scale_down: { min_billing: '1d' } }, ageMinutes: 60 },
    { why: 'the saving has not outlived the move', pool: {}, ageMinutes: 15 },
    { why: 'nodes may not leave', pool: {}, node: { keptBecause: 'Forescale runs on it' } },
    { why: 'a node is out of order', pool: {}, extra: nodeOf('x', { phase: 'notready' }) },
  ])('does not begin while $why', ({ pool, ageMinutes = 1_440, node = {}, extra }) => {
    const nodes = nodesOf(10, dear({ createdMs: NOON - ageMinutes * MINUTE_MS, ...node }));
    const config = poolOf({ offerings: [ON_DEMAND, SPOT], spot: { share: 0.7 }, ...pool });
    expect(plan(stateOf(1_000, { nodes: extra ? [...nodes, extra] : nodes }), [], config, NOON).actions).toEqual([]);
  });

  it('gives up where nothing comes, and the old nodes stay', () => {
    let state = stateOf(1_000, { nodes: nodesOf(10, dear()) });
    const first = plan(state, [], TO_SPOT, NOON);
    // The cloud refuses what was ordered.
    state = { ...state, memory: withFailure(first.memory, 'm/local/local/spot', NOON) };
    for (let minute = 1; minute < 60; minute++) {
      const nowMs = NOON + minute * MINUTE_MS;
      const planned = plan(at(state, nowMs, 1_000), [], TO_SPOT, nowMs);
      expect(drained(planned)).toEqual([]);
      if (minute < 30) expect(planned.actions).toEqual([]);
      state = { ...state, memory: planned.memory };
    }
  });

  it('puts several small nodes onto one large, only where consolidate is set', () => {
    const state = stateOf(2_000, { nodes: nodesOf(20, dear()), memory: { ...EMPTY_MEMORY } });
    const room = { bounds: { min_nodes: 1, max_nodes: 30 }, offerings: [ON_DEMAND, LARGE] };
    expect(plan(state, [], poolOf(room), NOON).actions).toEqual([]);
    const planned = plan(state, [], poolOf({ ...room, scale_down: { consolidate: true } }), NOON);
    expect(created(planned)).toEqual(['1 x l on_demand']);
    expect(planned.memory.replacing?.nodes).toHaveLength(2);
  });

  it('moves no node whose pods the new machine cannot carry', () => {
    const pods = (name: string) => [
      podOf(3_900, { nodeName: name }),
      podOf(50, { nodeName: name, nodeSelector: { disk: 'ssd' } }),
    ];
    const nodes = nodesOf(10, dear({ labels: { disk: 'ssd' } })).map((node) => ({ ...node, pods: pods(node.name) }));
    expect(created(plan(stateOf(1_000, { nodes }), [], TO_SPOT, NOON))).toEqual(['1 x m spot']);
    const small = { ...SPOT, allocatable: { cpu: '3.7', memory: '16Gi', pods: 110 } };
    const pool = poolOf({ offerings: [ON_DEMAND, small], spot: { share: 0.7 } });
    expect(plan(stateOf(1_000, { nodes }), [], pool, NOON).actions).toEqual([]);
  });

  it('lets the share of spot stand when nodes leave: an on-demand node goes only after a spot one', () => {
    const nodes = nodesOf(10, dear()).map((node, i) =>
      i < 7 ? { ...node, capacityType: 'spot' as const, usdPerHour: 0.07 } : node,
    );
    const unneededSinceMs = Object.fromEntries(nodes.map((node) => [node.name, NOON - 60 * MINUTE_MS]));
    const planned = plan(stateOf(500, { nodes, memory: { ...EMPTY_MEMORY, unneededSinceMs } }), [], TO_SPOT, NOON);
    expect(drained(planned)).toHaveLength(1);
    expect(nodes.find((node) => node.name === drained(planned)[0])?.capacityType).toBe('spot');
  });

  it('keeps the cheaper nodes where consolidation has nothing to gain', () => {
    expect(
      plan(stateOf(1_000, { nodes: nodesOf(10, dear({ usdPerHour: 0.1 })) }), [], TO_CHEAPER, NOON).actions,
    ).toEqual([]);
  });

  it('drains no replaced node on which a pod that waits has its place', () => {
    const nodes = nodesOf(10, dear()).map((node, i) => ({
      ...node,
      pods: i === 0 ? [] : [podOf(3_000, { nodeName: node.name, phase: 'Running' })],
    }));
    const replacing = { nodes: ['node-00000'], sinceMs: NOON - 5 * MINUTE_MS };
    const waiting = (pendingPods: PlanState['pendingPods']) =>
      drained(plan(stateOf(900, { nodes, pendingPods, memory: { ...EMPTY_MEMORY, replacing } }), [], TO_SPOT, NOON));
    expect(waiting([])).toEqual(['node-00000']);
    expect(waiting([podOf(3_000)])).toEqual([]);
  });

  it('puts no on-demand nodes together that spot nodes are allowed for', () => {
    // 14 of 20 are spot, and of 19 only 13 may be: the two that l takes the place of could not leave.
    const mixed = (spotCount: number) =>
      nodesOf(20, dear()).map((node, i) =>
        i < spotCount
          ? { ...node, capacityType: 'spot' as const, usdPerHour: 0.07, offeringId: 'm/local/local/spot' }
          : node,
      );
    const pool = poolOf({
      offerings: [ON_DEMAND, SPOT, LARGE],
      spot: { share: 0.7 },
      bounds: { min_nodes: 1, max_nodes: 30 },
      scale_down: { consolidate: true },
    });
    expect(created(plan(stateOf(2_000, { nodes: mixed(14) }), [], pool, NOON))).toEqual([]);
  });

  it('does not begin again for six hours what it has given up', () => {
    let state = stateOf(1_000, { nodes: nodesOf(10, dear()) });
    const begun: { readonly minute: number; readonly node: string | undefined }[] = [];
    for (let minute = 0; minute < 480; minute += 4) {
      const nowMs = NOON + minute * MINUTE_MS;
      state = at(state, nowMs, 1_000);
      const planned = plan(state, [], TO_SPOT, nowMs);
      // The cloud takes the order, and nothing comes of it.
      if (created(planned).length > 0) begun.push({ minute, node: planned.memory.replacing?.nodes[0] });
      state = { ...state, memory: { ...planned.memory, lastScaleUpMs: null } };
    }
    // Each is given up after 36 min, and another one's turn comes.
    expect(begun.slice(0, 3).map(({ minute }) => minute)).toEqual([0, 40, 80]);
    expect(new Set(begun.slice(0, 10).map(({ node }) => node)).size).toBe(10);
    expect(begun[10]).toEqual({ minute: 400, node: begun[0]?.node });
  });

  it('orders nothing while machines come to nothing in a row', () => {
    const recent = Object.fromEntries([1, 2, 3].map((i) => [`r${i}`, NOON - i * MINUTE_MS]));
    const begin = (timedOutMs: Readonly<Record<string, number>>) =>
      created(
        plan(
          stateOf(1_000, { nodes: nodesOf(10, dear()), memory: { ...EMPTY_MEMORY, timedOutMs } }),
          [],
          TO_SPOT,
          NOON,
        ),
      );
    expect(begin({})).toEqual(['1 x m spot']);
    expect(begin(recent)).toEqual([]);
  });
});
