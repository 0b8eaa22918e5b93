import { expect, it } from 'vitest';
import { describePlan } from './describe.ts';
import { plan } from './plan.ts';
import { forecastOf, NOON, nodesOf, poolOf, stateOf } from './plan-state.test-data.ts';

it('says in words where the pool stands, what it needs, what is done, and why not more', () => {
  const pool = poolOf({
    bounds: { min_nodes: 1, max_nodes: 6 },
    offerings: [{ instance_type: 'm', usd_per_hour: 0.2 }],
  });
  const state = stateOf(410, { nodes: nodesOf(5) });
  const planned = plan(state, [forecastOf(500, { slopePerMinute: 50 }), forecastOf(9, {}, { pool: 'db' })], pool, NOON);
  expect(describePlan(planned)).toEqual([
    'pool web at 2026-03-03T12:00:00.000Z, mode observe, plan 1',
    '  nodes: 5 ready, 0 starting, 0 draining, 0.50 USD/h',
    '  bounds: 1 (pool) to 6 (pool)',
    '  lead time: 3m: of the pool, since too few nodes of m/local/local/on_demand were measured',
    '  observed:rps asks for 5 nodes: 410 now, 100 a node',
    '  forecast:rps asks for 7 nodes: 650 in 3m at quantile 0.95 (test), 100 a node',
    '  hold:rps asks for 7 nodes: 700 at most within 4m at quantile 0.95 (test), 100 a node',
    '  desired: 6 nodes; need 7 from forecast:rps, bound by max of pool',
    '  would create 1 x m/local/local/on_demand: 7 nodes for forecast:rps',
    '  forecast-rejected: forecast of rps is for pool db; the observed load goes on alone',
  ]);
});
