import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY } from './memory.ts';
import { spotNodesMax } from './offerings.ts';
import { plan } from './plan.ts';
import { applied, NOON, nodeOf, nodesOf, podOf, poolOf, settled, startingOf, stateOf } from './plan-state.test-data.ts';
import type { PlanState, PoolNode } from './types.ts';

const MINUTE_MS = 60_000;
const OFFERINGS = [
  { instance_type: 'm', usd_per_hour: 0.2 },
  { instance_type: 'm', zone: 'b', capacity_type: 'spot', usd_per_hour: 0.07 },
  { instance_type: 'l', usd_per_hour: 0.3, allocatable: { cpu: '8', memory: '32Gi', pods: 220 } },
];
const HEALTHY = { nodes: 100, unready: 0 };

const unneeded = (nodes: readonly PoolNode[]) => ({
  ...EMPTY_MEMORY,
  unneededSinceMs: Object.fromEntries(nodes.map((node) => [node.name, NOON - 60 * MINUTE_MS])),
});
const drained = (planned: ReturnType<typeof plan>) =>
  planned.actions.flatMap((one) => (one.kind === 'drain' && !one.force ? [one.nodeName] : []));

describe('plan: the safety rules, whatever the situation', () => {
  it('rule 7: none leaves and none is replaced while more than 45 % and more than 3 nodes are not Ready', () => {
    const arbitrary = fc.record({
      nodes: fc.integer({ min: 1, max: 40 }),
      cluster: fc.integer({ min: 1, max: 80 }),
      unreadyShare: fc.double({ min: 0, max: 1, noNaN: true }),
      rps: fc.integer({ min: 0, max: 3_000 }),
      max: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ nodes: count, cluster, unreadyShare, rps, max }) => {
        const unready = Math.round(unreadyShare * cluster);
        const nodes = nodesOf(count, { usdPerHour: 0.2 });
        const pool = poolOf({
          offerings: OFFERINGS,
          spot: { share: 0.7 },
          scale_down: { consolidate: true },
          bounds: { min_nodes: 0, max_nodes: max },
        });
        const state = stateOf(rps, { nodes, memory: unneeded(nodes), cluster: { nodes: cluster, unready } });
        const planned = plan(state, [], pool, NOON);
        if (unready <= Math.max(0.45 * cluster, 3)) return;
        expect(drained(planned)).toEqual([]);
        expect(planned.memory.replacing).toBeNull();
        expect(planned.report.reasons.some((one) => one.code === 'replace')).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it('rule 10: never more than 10 % of the pool, rounded up, on the way out or out of order by our doing', () => {
    const arbitrary = fc.record({
      ready: fc.integer({ min: 0, max: 60 }),
      draining: fc.nat(5),
      broken: fc.nat(5),
      rps: fc.integer({ min: 0, max: 5_000 }),
      max: fc.integer({ min: 1, max: 60 }),
      parallel: fc.integer({ min: 1, max: 10 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ ready, draining, broken, rps, max, parallel }) => {
        const some = (count: number, name: string, phase: PoolNode['phase']) =>
          Array.from({ length: count }, (_, i) => nodeOf(`${name}${i}`, { phase }));
        const nodes = [...nodesOf(ready), ...some(draining, 'd', 'draining'), ...some(broken, 'b', 'notready')];
        const pool = poolOf({
          bounds: { min_nodes: 0, max_nodes: max },
          scale_down: { max_parallel: parallel },
          offerings: OFFERINGS,
        });
        const planned = plan(stateOf(rps, { nodes, memory: unneeded(nodes), cluster: HEALTHY }), [], pool, NOON);
        // What is broken disrupts nobody further when it goes.
        const leaving = drained(planned).filter((name) => !name.startsWith('b')).length;
        if (leaving === 0) return;
        expect(leaving + draining + broken).toBeLessThanOrEqual(Math.ceil(0.1 * nodes.length - 1e-9));
        expect(leaving + draining).toBeLessThanOrEqual(parallel);
      }),
      { numRuns: 300 },
    );
  });

  it('rule 12: machines on their way are counted, by every kind of need', () => {
    const arbitrary = fc.record({
      starting: fc.integer({ min: 0, max: 15 }),
      ready: fc.integer({ min: 0, max: 10 }),
      rps: fc.integer({ min: 0, max: 1_500 }),
      pending: fc.array(fc.integer({ min: 100, max: 4_000 }), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ starting, ready, rps, pending }) => {
        const pool = poolOf({ bounds: { min_nodes: 0, max_nodes: 100 } });
        const state = (count: number) =>
          stateOf(rps, {
            nodes: nodesOf(ready, { pods: [] }),
            starting: startingOf(pool, count, NOON - MINUTE_MS),
            pendingPods: pending.map((cpu) => podOf(cpu)),
          });
        const ordered = (count: number) =>
          plan(state(count), [], pool, NOON).actions.reduce((n, one) => n + (one.kind === 'create' ? one.count : 0), 0);
        expect(ordered(starting)).toBe(Math.max(0, ordered(0) - starting));
      }),
      { numRuns: 300 },
    );
  });

  it('two random hours of load, failures and reclaims: bounds and spot share hold at every step, and nothing flaps at rest', () => {
    const arbitrary = fc.record({
      loads: fc.array(fc.integer({ min: 0, max: 2_500 }), { minLength: 1, maxLength: 12 }),
      reclaimed: fc.array(fc.nat(30), { minLength: 120, maxLength: 120 }),
      max: fc.integer({ min: 2, max: 30 }),
      consolidate: fc.boolean(),
    });
    fc.assert(
      fc.property(arbitrary, ({ loads, reclaimed, max, consolidate }) => {
        const pool = poolOf({
          offerings: OFFERINGS,
          spot: { share: 0.7, on_demand_base: 1 },
          bounds: { min_nodes: 1, max_nodes: max },
          scale_down: { consolidate },
        });
        let state: PlanState = stateOf(0);
        for (const [minute, at] of reclaimed.entries()) {
          const nowMs = NOON + minute * MINUTE_MS;
          const rps = loads[Math.floor((minute / 120) * loads.length)] as number;
          const nodes = state.nodes.filter((node, i) => i !== at || node.capacityType !== 'spot' || minute % 7 !== 0);
          state = { ...state, nodes, cluster: HEALTHY, readings: [{ signal: 'rps', timeMs: nowMs, value: rps }] };
          const planned = plan(state, [], pool, nowMs);
          state = applied(state, planned, nowMs);
          expect(state.nodes.length + state.starting.length).toBeLessThanOrEqual(max);
          expect(plan(state, [], pool, nowMs).actions).toEqual([]);
          const spot = planned.actions.some((one) => one.kind === 'create' && one.offering.capacityType === 'spot');
          const staying = [
            ...state.nodes.filter((node) => node.phase === 'ready'),
            ...state.starting.map((one) => one.offering),
          ];
          if (spot)
            expect(staying.filter((one) => one.capacityType === 'spot').length).toBeLessThanOrEqual(
              spotNodesMax(pool.spot, staying.length),
            );
          if (minute % 3 === 2) state = { ...settled(state, pool), memory: state.memory };
        }
      }),
      { numRuns: 60 },
    );
  });
});
