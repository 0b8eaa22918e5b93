import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plan } from './plan.ts';
import { applied, NOON, nodeOf, nodesOf, poolOf, settled, startingOf, stateOf } from './plan-state.test-data.ts';
import type { PlanState, PoolNode } from './types.ts';

const MINUTE_MS = 60_000;
const POOL = poolOf({ bounds: { min_nodes: 0, max_nodes: 60 }, scale_down: { enabled: false } });
const HEALTHY = { nodes: 200, unready: 0 };

const brokenOf = (name: string, minutes: number, rest: Partial<PoolNode> = {}) =>
  nodeOf(name, { phase: 'notready', brokenSinceMs: NOON - minutes * MINUTE_MS, ...rest });

function repaired(state: PlanState, pool = POOL, nowMs = NOON): string[] {
  return plan(state, [], pool, nowMs).actions.flatMap((one) =>
    one.kind === 'drain' && one.force ? [one.nodeName] : [],
  );
}

const holds = (state: PlanState) =>
  plan(state, [], POOL, NOON)
    .report.reasons.filter(({ code }) => code === 'hold-repair')
    .map(({ text }) => text);

describe('repair: which node', () => {
  const nine = nodesOf(9);

  it.each<[what: string, nodes: readonly PoolNode[], expected: readonly string[]]>([
    ['one that has been silent for 20 min', [...nine, brokenOf('x', 20)], ['x']],
    ['not one of 19 min', [...nine, brokenOf('x', 19)], []],
    ['not one that is Ready', [...nine, brokenOf('x', 60, { phase: 'ready' })], []],
    ['not one that is not ours', [...nine, brokenOf('x', 60, { brokenSinceMs: null })], []],
    [
      'not one that is being reclaimed: that goes by itself',
      [...nine, brokenOf('x', 60, { interruptedMs: NOON })],
      ['x'],
    ],
    ['the one that has been silent longest', [...nine, brokenOf('b', 30), brokenOf('a', 40)], ['a']],
    ['of two alike the first by name', [...nine, brokenOf('b', 30), brokenOf('a', 30)], ['a']],
    ['the only one of two', [...nodesOf(1), brokenOf('x', 30)], ['x']],
    ['not two of three', [...nodesOf(1), brokenOf('x', 30), brokenOf('y', 1)], []],
    ['two of ten', [...nodesOf(8), brokenOf('x', 30), brokenOf('y', 1)], ['x']],
    ['not three of ten', [...nodesOf(7), brokenOf('x', 30), brokenOf('y', 1), brokenOf('z', 1)], []],
    ['none while one is drained', [...nine, brokenOf('x', 30), nodeOf('y', { phase: 'draining' })], []],
    ['none while one leaves', [...nine, brokenOf('x', 30), nodeOf('y', { phase: 'leaving' })], []],
  ])('%s', (_what, nodes, expected) => {
    expect(repaired(stateOf(100, { nodes, cluster: HEALTHY }))).toEqual(expected);
  });

  it('is taken away after its replacement was ordered, and not before that has come', () => {
    const pool = poolOf({ bounds: { min_nodes: 0, max_nodes: 3 } });
    const young = stateOf(200, { nodes: [nodeOf('a'), brokenOf('x', 1)], cluster: HEALTHY });
    const ordered = plan(young, [], pool, NOON);
    expect(ordered.actions.map(({ kind }) => kind)).toEqual(['create']);
    const laterMs = NOON + 25 * MINUTE_MS;
    const boots = { ...young, starting: startingOf(pool, 1, laterMs - MINUTE_MS) };
    const late = (state: PlanState) => ({ ...state, readings: [{ signal: 'rps', timeMs: laterMs, value: 200 }] });
    expect(repaired(late(boots), pool, laterMs)).toEqual([]);
    const here = { ...young, nodes: [...young.nodes, nodeOf('b')] };
    expect(repaired(late(here), pool, laterMs)).toEqual(['x']);
  });

  it('goes first where there is no room for its replacement, which is ordered once it is gone', () => {
    const pool = poolOf({ bounds: { min_nodes: 0, max_nodes: 2 } });
    const nodes = [nodeOf('a'), brokenOf('x', 30)];
    const first = plan(stateOf(200, { nodes, cluster: HEALTHY }), [], pool, NOON);
    expect(first.actions.map(({ kind }) => kind)).toEqual(['drain']);
    const gone = { ...stateOf(200, { nodes: [nodeOf('a')], cluster: HEALTHY }), memory: first.memory };
    expect(plan(gone, [], pool, NOON).actions.map(({ kind }) => kind)).toEqual(['create']);
  });

  it('says why it waits', () => {
    const three = [...nodesOf(7), brokenOf('x', 30), brokenOf('y', 25), brokenOf('z', 1)];
    expect(holds(stateOf(100, { nodes: three, cluster: HEALTHY }))).toEqual([
      'x, y not Ready and not replaced: 3 of 10 nodes of the pool are not Ready, which is more than 20 %',
    ]);
    const one = [...nodesOf(9), brokenOf('x', 30)];
    expect(holds(stateOf(100, { nodes: one, cluster: { nodes: 10, unready: 5 } }))).toEqual([
      'x not Ready and not replaced: 5 of 10 nodes of the cluster are not Ready, which no new machine mends',
    ]);
  });

  it('is not done where it is not enabled, or paused', () => {
    const state = stateOf(100, { nodes: [...nine, brokenOf('x', 60)], cluster: HEALTHY });
    expect(repaired(state, poolOf({ repair: { enabled: false } }))).toEqual([]);
    expect(repaired(state, poolOf({ repair: { unready_after: '2h' } }))).toEqual([]);
    const override = { minNodes: null, maxNodes: null, paused: true, untilMs: NOON + 1, by: 'ops', why: 'x' };
    expect(repaired({ ...state, override })).toEqual([]);
  });
});

describe('repair: whatever the situation', () => {
  const situations = fc.record({
    ready: fc.nat(30),
    cordoned: fc.nat(3),
    draining: fc.constantFrom(0, 0, 0, 1, 2),
    leaving: fc.constantFrom(0, 0, 0, 1),
    starting: fc.constantFrom(0, 0, 0, 1, 2),
    broken: fc.array(fc.record({ minutes: fc.nat(60), ours: fc.boolean() }), { minLength: 1, maxLength: 5 }),
    unready: fc.oneof(fc.nat(20), fc.nat(150)),
    /** Nodes that the load needs, beside those that are Ready. */
    missing: fc.constantFrom(0, 0, 0, 0, -2, 2),
    max: fc.integer({ min: 1, max: 60 }),
  });

  it('one at a time, of ours, halted with 20 % of the pool or 45 % of the cluster out of order, and at rest after', () => {
    let seen = 0;
    fc.assert(
      fc.property(situations, ({ ready, cordoned, draining, leaving, starting, broken, unready, missing, max }) => {
        const some = (count: number, name: string, phase: PoolNode['phase']) =>
          Array.from({ length: count }, (_, i) => nodeOf(`${name}${i}`, { phase }));
        const nodes = [
          ...nodesOf(ready),
          ...some(cordoned, 'c', 'cordoned'),
          ...some(draining, 'd', 'draining'),
          ...some(leaving, 'l', 'leaving'),
          ...broken.map(({ minutes, ours }, i) => brokenOf(`b${i}`, minutes, ours ? {} : { brokenSinceMs: null })),
        ];
        const pool = poolOf({ bounds: { min_nodes: 0, max_nodes: max } });
        const cluster = { nodes: 200, unready };
        const rps = 100 * Math.max(0, ready + missing);
        const state = stateOf(rps, { nodes, cluster, starting: startingOf(pool, starting, NOON - MINUTE_MS) });
        const planned = plan(state, [], pool, NOON);
        const names = repaired(state, pool);
        expect(names.length).toBeLessThanOrEqual(1);
        expect(repaired(applied(state, planned, NOON), pool)).toEqual([]);
        if (names.length === 0) return;
        seen++;
        const one = broken[Number(names[0]?.slice(1))];
        expect(one?.ours && one.minutes >= 20).toBe(true);
        expect(leaving + draining + starting).toBe(0);
        const present = ready + cordoned + broken.length;
        expect(broken.length).toBeLessThanOrEqual(Math.max(1, 0.2 * present));
        expect(unready).toBeLessThanOrEqual(Math.max(0.45 * cluster.nodes, 3));
        expect(plan(applied(state, planned, NOON), [], pool, NOON).actions).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
    expect(seen).toBeGreaterThan(20);
  });

  it('all broken nodes are gone in the end, one after the other, and those that are not ours stay', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 20, max: 40 }), (count, ready) => {
        const broken = Array.from({ length: count }, (_, i) => brokenOf(`b${i}`, 30 + i));
        const nodes = [...nodesOf(ready), ...broken, brokenOf('theirs', 300, { brokenSinceMs: null })];
        let state = stateOf(100 * ready, { nodes, cluster: HEALTHY });
        const order: string[] = [];
        for (let minute = 0; minute < 30; minute++) {
          const nowMs = NOON + minute * MINUTE_MS;
          state = { ...state, readings: [{ signal: 'rps', timeMs: nowMs, value: 100 * ready }] };
          const planned = plan(state, [], POOL, nowMs);
          order.push(...planned.actions.flatMap((one) => (one.kind === 'drain' ? [one.nodeName] : [])));
          state = applied(state, planned, nowMs);
          if (minute % 2 === 1) state = { ...settled(state, POOL), cluster: HEALTHY };
        }
        expect(order).toEqual(broken.map(({ name }) => name).toReversed());
        expect(state.nodes.filter(({ phase }) => phase === 'notready').map(({ name }) => name)).toEqual(['theirs']);
      }),
      { numRuns: 40 },
    );
  });
});
