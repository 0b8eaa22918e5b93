import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import { applied, NOON, nodeOf, nodesOf, poolOf, settled, stateOf } from './plan-state.test-data.ts';
import type { PlanState } from './types.ts';

const MINUTE_MS = 60_000;
const POOL = poolOf({ bounds: { min_nodes: 0, max_nodes: 1_000 } });

/** Plans once a minute; `live` says what becomes of the machines by then. Returns how many were ever ordered. */
function ordered(
  minutes: number,
  rps: number,
  live: (state: PlanState, nowMs: number) => PlanState,
  begin: Partial<PlanState> = {},
) {
  let state = stateOf(rps, begin);
  let count = 0;
  for (let minute = 0; minute < minutes; minute++) {
    const nowMs = NOON + minute * MINUTE_MS;
    state = live({ ...state, readings: [{ signal: 'rps', timeMs: nowMs, value: rps }] }, nowMs);
    const planned = plan(state, [], POOL, nowMs);
    for (const one of planned.actions) if (one.kind === 'create') count += one.count;
    state = applied(state, planned, nowMs);
  }
  return { count, state };
}

describe('plan: growth when new machines are of no use', () => {
  it('stops when none ever becomes Ready: one is tried at a time', () => {
    // 20 at once, given up after 15 min; then one each half an hour for 4 h, and not 20 each quarter.
    const { count } = ordered(240, 2_000, (state) => state);
    expect(count).toBe(20 + 7);
  });

  it('stops when each becomes Ready and breaks', () => {
    const { count } = ordered(240, 2_000, (state) => {
      const { nodes } = settled(state, POOL);
      const broken = nodes.map((node) =>
        node.name.startsWith('old') ? node : { ...node, phase: 'notready' as const },
      );
      return { ...state, nodes: broken, starting: [], cluster: { nodes: 100, unready: broken.length } };
    });
    expect(count).toBe(20 + 7);
  });

  it('grows freely again as soon as one serves', () => {
    const failed = ordered(40, 2_000, (state) => state).state;
    const nowMs = NOON + 40 * MINUTE_MS;
    const one = nodeOf('good', { createdMs: nowMs - MINUTE_MS });
    const state = { ...failed, nodes: [one], starting: [], readings: [{ signal: 'rps', timeMs: nowMs, value: 2_000 }] };
    const planned = plan(state, [], POOL, nowMs);
    expect(planned.actions).toMatchObject([{ kind: 'create', count: 19 }]);
  });

  it('says what holds it', () => {
    const failed = ordered(20, 2_000, (state) => state).state;
    const nowMs = NOON + 20 * MINUTE_MS;
    const { report } = plan({ ...failed, readings: [{ signal: 'rps', timeMs: nowMs, value: 2_000 }] }, [], POOL, nowMs);
    expect(report.reasons.map((one) => one.code)).toContain('hold-futile-starts');
  });

  it('lets a few broken nodes among many be replaced', () => {
    const nodes = [...nodesOf(20), ...['x', 'y'].map((name) => nodeOf(name, { phase: 'notready' }))];
    const planned = plan(stateOf(2_200, { nodes, cluster: { nodes: 22, unready: 2 } }), [], POOL, NOON);
    expect(planned.actions).toMatchObject([{ kind: 'create', count: 2 }]);
  });
});

describe('plan: nodes wanted back', () => {
  const memory = (state: PlanState) => ({
    ...state.memory,
    unneededSinceMs: Object.fromEntries(state.nodes.map((node) => [node.name, NOON - 60 * MINUTE_MS])),
  });

  it('counts a node that left and is wanted within half an hour, once', () => {
    const begun = stateOf(100, { nodes: nodesOf(10) });
    const first = plan({ ...begun, memory: memory(begun) }, [], POOL, NOON);
    expect(first.report.wantedBack).toBe(0);
    const nine = { ...settled(applied(begun, first, NOON), POOL) };
    expect(nine.nodes).toHaveLength(9);
    const wanted = (minutes: number, from: PlanState) => {
      const nowMs = NOON + minutes * MINUTE_MS;
      return plan({ ...from, readings: [{ signal: 'rps', timeMs: nowMs, value: 1_200 }] }, [], POOL, nowMs);
    };
    const soon = wanted(30, nine);
    expect(soon.report.wantedBack).toBe(1);
    const again = applied(nine, soon, NOON + 30 * MINUTE_MS);
    expect(wanted(31, { ...again, starting: [] }).report.wantedBack).toBe(0);
    expect(wanted(31, nine).report.wantedBack).toBe(0);
  });

  it('does not count what takes the place of a reclaimed node', () => {
    const nodes = nodesOf(10).map((node, i) => (i === 0 ? { ...node, interruptedMs: NOON } : node));
    const state = stateOf(1_000, { nodes, memory: { ...stateOf(0).memory, leftMs: [NOON - MINUTE_MS] } });
    const planned = plan(state, [], POOL, NOON);
    expect(planned.actions.some((one) => one.kind === 'create')).toBe(true);
    expect(planned.report.wantedBack).toBe(0);
  });
});
