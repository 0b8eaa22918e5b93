import { plan } from '@forescale/actuator/plan';
import { expect, it } from 'vitest';
import { countsOf, NOW_MS, type SituationName, situationOf } from './situation.ts';

it.each<[name: SituationName, kinds: string[]]>([
  ['grow', ['create']],
  ['calm', []],
  ['shrink', ['drain']],
])('%s is what its name says', (name, kinds) => {
  const { state, forecasts, pool } = situationOf(name, 100);
  const counts = countsOf(100);
  expect(state.nodes).toHaveLength(counts.nodes);
  expect(state.nodes.flatMap((node) => node.pods ?? [])).toHaveLength(counts.pods);
  expect(pool.offerings).toHaveLength(counts.offerings);
  expect(state.pendingPods).toHaveLength(name === 'grow' ? counts.pending : 0);
  const { actions, report } = plan(state, forecasts, pool, NOW_MS);
  expect([...new Set(actions.map((action) => action.kind))]).toEqual(kinds);
  if (name === 'grow') expect(report.needFrom).toBe('pending');
});
