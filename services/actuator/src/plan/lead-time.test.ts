import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY, withFailure } from './memory.ts';
import { plan } from './plan.ts';
import { forecastOf, NOON, nodesOf, poolOf, startingOf, stateOf } from './plan-state.test-data.ts';
import type { PlanState } from './types.ts';

const MINUTE_MS = 60_000;
const POOL = poolOf({
  spot: { share: 0.5 },
  offerings: [
    { instance_type: 'm', zone: 'a', usd_per_hour: 0.1 },
    { instance_type: 'm', zone: 'b', usd_per_hour: 0.14 },
    { instance_type: 'dear', zone: 'a', usd_per_hour: 0.2 },
    { instance_type: 'm', zone: 'a', usd_per_hour: 0.03, capacity_type: 'spot' },
  ],
});
const [A, B, DEAR, SPOT] = ['m/local/a/on_demand', 'm/local/b/on_demand', 'dear/local/a/on_demand', 'm/local/a/spot'];
const measured = (minutes: Record<string, number>) =>
  Object.fromEntries(Object.entries(minutes).map(([id, m]) => [id, { p95Ms: m * MINUTE_MS, nodes: 20 }]));

function leadOf(leadTimes: PlanState['leadTimes'], overrides: Partial<PlanState> = {}, pool = POOL) {
  const { report } = plan(stateOf(100, { ...(leadTimes ? { leadTimes } : {}), ...overrides }), [], pool, NOON);
  return { minutes: report.leadTimeMs / MINUTE_MS, why: report.leadTimeWhy };
}

describe('plan: lead time', () => {
  it('is the pool’s until enough nodes of an offering were measured, and says so', () => {
    expect(leadOf(undefined)).toEqual({
      minutes: 3,
      why: `of the pool, since too few nodes of ${A} were measured, the slowest of 3 offerings that may be bought`,
    });
  });

  it('is the slowest of the offerings that may be bought', () => {
    expect(leadOf(measured({ [A]: 1, [B]: 4, [SPOT]: 2 }))).toEqual({
      minutes: 4,
      why: `p95 of 20 nodes of ${B}, the slowest of 3 offerings that may be bought`,
    });
  });

  it.each([
    { what: 'half as dear again and more', leads: { [A]: 1, [B]: 1, [SPOT]: 1, [DEAR]: 9 }, minutes: 1 },
    { what: 'on spot without a spot share', leads: { [A]: 1, [B]: 1, [DEAR]: 1, [SPOT]: 9 }, spot: {}, minutes: 1 },
    { what: 'none that the pool offers', leads: { [A]: 1, [B]: 1, [SPOT]: 1, other: 9 }, minutes: 1 },
  ])('leaves out one that is $what', ({ leads, spot, minutes }) => {
    const pool = spot ? { ...POOL, spot: { ...POOL.spot, share: 0 } } : POOL;
    expect(leadOf(measured(leads), {}, pool).minutes).toBe(minutes);
  });

  it('leaves out one that has just failed, also in the plan that gives its machine up', () => {
    const leadTimes = measured({ [A]: 9, [B]: 1, [SPOT]: 1, [DEAR]: 1 });
    expect(leadOf(leadTimes).minutes).toBe(9);
    expect(leadOf(leadTimes, { memory: withFailure(EMPTY_MEMORY, A as string, NOON - MINUTE_MS) }).minutes).toBe(1);
    expect(leadOf(leadTimes, { starting: startingOf(POOL, 1, NOON - 16 * MINUTE_MS) }).minutes).toBe(1);
  });

  it('is what the plan orders ahead for', () => {
    const pool = poolOf({ offerings: [{ instance_type: 'm', zone: 'a', usd_per_hour: 0.1 }] });
    const need = (minutes: number) => {
      const state = stateOf(500, { nodes: nodesOf(5), leadTimes: measured({ [A as string]: minutes }) });
      return plan(state, [forecastOf(500, { slopePerMinute: 50 })], pool, NOON).report.need;
    };
    expect([1, 3, 9].map(need)).toEqual([6, 7, 10]);
  });
});
