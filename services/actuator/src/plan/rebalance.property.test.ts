import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import { applied, NOON, nodeOf, nodesOf, poolOf, settled, stateOf } from './plan-state.test-data.ts';
import type { Plan, PlanState, PoolNode } from './types.ts';

const MINUTE_MS = 60_000;
const SPOT_B = { instance_type: 'm', zone: 'b', capacity_type: 'spot', usd_per_hour: 0.07 };
const RAW = {
  bounds: { min_nodes: 0, max_nodes: 40 },
  spot: { share: 1, rebalance: true },
  offerings: [{ instance_type: 'm', usd_per_hour: 0.2 }, SPOT_B, { ...SPOT_B, zone: 'c', usd_per_hour: 0.08 }],
};
const POOL = poolOf(RAW);
const HEALTHY = { nodes: 100, unready: 0 };

const spotOf = (name: string, rest: Partial<PoolNode> = {}) =>
  nodeOf(name, { capacityType: 'spot', offeringId: 'm/local/b/spot', usdPerHour: 0.07, ...rest });
const atRiskOf = (name: string) => spotOf(name, { rebalanceMs: NOON });

const created = ({ actions }: Plan) =>
  actions.flatMap((one) => (one.kind === 'create' ? Array.from({ length: one.count }, () => one.offering.zone) : []));
const codes = ({ report }: Plan) => report.reasons.map(({ code }) => code);
const stateWith = (nodes: readonly PoolNode[], rest: Partial<PlanState> = {}) =>
  stateOf(100 * nodes.length, { nodes, cluster: HEALTHY, ...rest });

describe('rebalance: a replacement ahead', () => {
  const nodes = [...nodesOf(4, { capacityType: 'spot', offeringId: 'm/local/c/spot' }), atRiskOf('x')];

  it('is ordered once, of another offering, and the node stays', () => {
    const first = plan(stateWith(nodes), [], POOL, NOON);
    expect(created(first)).toEqual(['c']);
    expect(first.actions).toHaveLength(1);
    expect(codes(first)).toContain('rebalance');
    const state = applied(stateWith(nodes), first, NOON);
    expect(plan(state, [], POOL, NOON).actions).toEqual([]);
    const there = settled(state, POOL);
    for (let minute = 1; minute < 60; minute++) {
      const nowMs = NOON + minute * MINUTE_MS;
      const later = { ...there, readings: [{ signal: 'rps', timeMs: nowMs, value: 500 }], cluster: HEALTHY };
      expect(plan(later, [], POOL, nowMs).actions).toEqual([]);
    }
  });

  it('counts again after an hour, and is not replaced a second time', () => {
    const first = plan(stateWith(nodes), [], POOL, NOON);
    const nowMs = NOON + 61 * MINUTE_MS;
    const readings = [{ signal: 'rps', timeMs: nowMs, value: 500 }];
    const state = { ...settled(applied(stateWith(nodes), first, NOON), POOL), readings, cluster: HEALTHY };
    const later = plan(state, [], POOL, nowMs);
    expect(later.actions).toEqual([]);
    expect(later.report.ready).toBe(6);
  });

  it('has room, or is not ordered', () => {
    const full = poolOf({ ...RAW, bounds: { min_nodes: 0, max_nodes: 5 } });
    const planned = plan(stateWith(nodes), [], full, NOON);
    expect(planned.actions).toEqual([]);
    expect(planned.report).toMatchObject({ ready: 5, boundBy: null });
    expect(codes(planned)).toContain('hold-rebalance');
  });

  it.each([
    ['where nobody asked for it', nodes, poolOf({ ...RAW, spot: { share: 1 } })],
    [
      'while a reclaim was announced: that is more than a risk',
      [...nodes.slice(0, 4), spotOf('x', { rebalanceMs: NOON, phase: 'leaving', interruptedMs: NOON + 1 })],
      POOL,
    ],
    ['for a node that is drained', [...nodes.slice(0, 4), spotOf('x', { rebalanceMs: NOON, phase: 'draining' })], POOL],
  ])('is not ordered %s', (_what, some, pool) => {
    const planned = plan(stateWith(some), [], pool, NOON);
    expect(planned.memory.preProvisionedMs).toEqual({});
    expect(codes(planned)).not.toContain('rebalance');
  });
});

describe('rebalance: whatever the cloud recommends', () => {
  /** Without the return of on-demand machines to spot, which is no answer to a recommendation. */
  const pool = poolOf({ ...RAW, spot: { ...RAW.spot, return_after: '30d' } });

  it('never drains for it, orders few an hour, and one for each node', () => {
    const arbitrary = fc.record({
      nodes: fc.integer({ min: 1, max: 25 }),
      notices: fc.array(fc.nat(40), { minLength: 90, maxLength: 90 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ nodes: count, notices }) => {
        let state = stateWith(nodesOf(count, { capacityType: 'spot', offeringId: 'm/local/b/spot' }));
        const rps = 100 * count - 50;
        const grantedMs: number[] = [];
        for (const [minute, at] of notices.entries()) {
          const nowMs = NOON + minute * MINUTE_MS;
          const nodes = state.nodes.map((node, i) =>
            i === at ? { ...node, rebalanceMs: node.rebalanceMs ?? nowMs } : node,
          );
          state = { ...state, nodes, cluster: HEALTHY, readings: [{ signal: 'rps', timeMs: nowMs, value: rps }] };
          const planned = plan(state, [], pool, nowMs);
          const granted = Object.entries(planned.memory.preProvisionedMs).filter(([, ms]) => ms === nowMs);
          // What is at risk is drained as little as what is not: nobody asked for less within the hour.
          if (minute < 60) expect(planned.actions.filter(({ kind }) => kind === 'drain')).toEqual([]);
          expect(created(planned).length).toBeLessThanOrEqual(granted.length);
          for (const [name] of granted) expect(state.memory.preProvisionedMs[name]).toBeUndefined();
          grantedMs.push(...granted.map(() => nowMs));
          const lately = grantedMs.filter((ms) => nowMs - ms < 60 * MINUTE_MS).length;
          expect(lately).toBeLessThanOrEqual(Math.max(1, Math.ceil(0.1 * nodes.length)));
          state = applied(state, planned, nowMs);
          expect(plan(state, [], pool, nowMs).actions).toEqual([]);
          if (minute % 3 === 2) state = { ...settled(state, pool), memory: state.memory };
        }
      }),
      { numRuns: 30 },
    );
  });
});
