import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import { applied, NOON, nodesOf, podOf, poolOf, startingOf, stateOf } from './plan-state.test-data.ts';
import type { Plan, PlanState, StartingNode } from './types.ts';

const ON_DEMAND = { instance_type: 'm', zone: 'a', usd_per_hour: 0.2 };
const SPOT = { ...ON_DEMAND, capacity_type: 'spot', usd_per_hour: 0.08 };
const pool = poolOf({ bounds: { min_nodes: 2, max_nodes: 50 } });

/** Two Ready, one asked for, and `count` that wait for their turn. */
function waiting(count: number, load: number, overrides: Partial<PlanState> = {}): PlanState {
  const queued = startingOf(pool, count, NOON).map((one) => ({ ...one, queued: true }));
  const starting: StartingNode[] = [...startingOf(pool, 1, NOON - 60_000), ...queued];
  return stateOf(load, { nodes: nodesOf(2), starting, ...overrides });
}

const takenBack = ({ actions }: Plan) => actions.flatMap((one) => (one.kind === 'cancel-start' ? [one.requestId] : []));
const codes = ({ report }: Plan) => report.reasons.map(({ code }) => code);

describe('plan: what waits for its turn at the rate of its provider', () => {
  it('is waited for while it is needed, and that is told', () => {
    const made = plan(waiting(5, 780), [], pool, NOON);
    expect(made.actions).toEqual([]);
    expect(made.report.reasons).toContainEqual({
      code: 'queued',
      text: '5 machines wait for their turn at the rate of their provider',
    });
  });

  it('is taken back when it is not, the newest first; planning again takes back no more, and orders nothing', () => {
    const state = waiting(5, 480);
    const made = plan(state, [], pool, NOON);
    expect(takenBack(made)).toEqual([4, 3, 2].map((i) => `r-${NOON}-${i}`));
    const again = plan(applied(state, made, NOON), [], pool, NOON);
    expect(again.actions).toEqual([]);
    expect(codes(again)).toContain('queued');
  });

  it('what has been asked for comes, needed or not', () => {
    const state = stateOf(10, { nodes: nodesOf(2), starting: startingOf(pool, 3, NOON) });
    expect(takenBack(plan(state, [], pool, NOON))).toEqual([]);
  });

  it('the min stays', () => {
    const least = poolOf({ bounds: { min_nodes: 6, max_nodes: 50 } });
    expect(takenBack(plan(waiting(5, 10), [], least, NOON))).toHaveLength(2);
  });

  it('so does what pods wait for', () => {
    const pendingPods = Array.from({ length: 4 }, () => podOf(3_500));
    const nodes = nodesOf(2, { pods: Array.from({ length: 1 }, () => podOf(3_500, { nodeName: 'x' })) });
    const made = plan(waiting(5, 10, { pendingPods, nodes }), [], pool, NOON);
    expect(takenBack(made)).toHaveLength(2);
  });

  it('and what the spot machines are allowed for', () => {
    const mixed = poolOf({
      bounds: { min_nodes: 0, max_nodes: 50 },
      offerings: [ON_DEMAND, SPOT],
      spot: { share: 0.5 },
    });
    const [onDemand, spot] = mixed.offerings;
    if (!onDemand || !spot) throw new Error('two offerings');
    const start = (requestId: string, offering: StartingNode['offering'], queued: boolean): StartingNode => ({
      ...{ requestId, requestedMs: NOON, offering, nodeName: null, queued },
    });
    const starting = [
      start('spot-1', spot, false),
      start('spot-2', spot, false),
      start('on-demand-1', onDemand, true),
      start('spot-3', spot, true),
      start('on-demand-2', onDemand, true),
      start('on-demand-3', onDemand, true),
    ];
    const made = plan(stateOf(190, { starting }), [], mixed, NOON);
    expect(takenBack(made)).toEqual(['spot-3', 'on-demand-1']);
  });
});
