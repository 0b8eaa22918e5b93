import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, headroom } from './headroom.ts';
import { loadOf } from './node-load.ts';
import { NOON, nodeOf, podOf, poolOf, stateOf } from './plan-state.test-data.ts';
import type { PlanState, PoolNode } from './types.ts';

const GIB = 2 ** 30;
const PRICE = 0.2;

/** Nodes of 4 cores, each with pods of these millicores; the first of each is of a DaemonSet. */
const arbitraryState = fc
  .record({
    nodes: fc.array(fc.array(fc.integer({ min: 50, max: 1_500 }), { maxLength: 6 }), { maxLength: 12 }),
    pending: fc.array(fc.integer({ min: 100, max: 3_500 }), { maxLength: 12 }),
    cordoned: fc.nat(2),
    coming: fc.nat(3),
  })
  .map(({ nodes, pending, cordoned, coming }): PlanState => {
    const ready = nodes.map((pods, i) => {
      const resident = podOf(100, { nodeName: `n-${i}`, ownerKind: 'DaemonSet' });
      let free = 3_900;
      const fitting = pods.filter((cpu) => {
        if (cpu > free) return false;
        free -= cpu;
        return true;
      });
      const own = fitting.map((cpu) => podOf(cpu, { nodeName: `n-${i}`, phase: 'Running' }));
      return nodeOf(`n-${i}`, { pods: [resident, ...own], usdPerHour: PRICE });
    });
    const some = (count: number, name: string, phase: PoolNode['phase']) =>
      Array.from({ length: count }, (_, i) =>
        nodeOf(`${name}-${i}`, { phase, pods: [], usdPerHour: PRICE, createdMs: NOON - 60_000 }),
      );
    return stateOf(null, {
      nodes: [...ready, ...some(cordoned, 'c', 'cordoned'), ...some(coming, 'j', 'notready')],
      pendingPods: pending.map((cpu) => podOf(cpu)),
    });
  });

const arbitraryAsk = fc
  .record({
    ceiling: fc.integer({ min: 0, max: 20 }),
    wanted: fc.integer({ min: 0, max: 25 }),
    ofNow: fc.integer({ min: 0, max: 20 }),
    usd: fc.option(fc.double({ min: 0, max: 5, noNaN: true })),
  })
  .map(({ ceiling, wanted, ofNow, usd }): Asked => askOf(Math.min(ceiling, wanted), ofNow, ceiling, usd));

function askOf(desired: number, ofNow: number, ceiling = 100, usdPerHourMax: number | null = null): Asked {
  const needs = [
    { source: 'observed:requested-cpu', nodes: ofNow, why: '' },
    { source: 'forecast:requested-cpu', nodes: desired, why: '' },
  ];
  return { atMs: NOON, desired, needs, ceiling, usdPerHourMax };
}

const pool = poolOf({
  provider: { kind: 'buffer' },
  offerings: [
    { instance_type: 'm', usd_per_hour: 0.1 },
    { instance_type: 'l', usd_per_hour: PRICE },
  ],
});

const run = (property: (ask: Asked, state: PlanState) => void) =>
  fc.assert(fc.property(arbitraryAsk, arbitraryState, property), { numRuns: 500 });

/** What placeholders find on nodes as they are, and on so many new ones: nothing else may be asked for. */
function slotsOf(state: PlanState, newNodes: number, cpuMillicores: number): number {
  const slots = (free: number) => Math.max(0, Math.floor(free / cpuMillicores));
  const here = state.nodes
    .filter(({ phase }) => phase === 'ready')
    .map((node) => slots(loadOf(node, node.pods ?? []).place.free.cpuMillicores));
  return here.reduce((sum, one) => sum + one, newNodes * slots(4_000));
}

describe('headroom, whatever the situation', () => {
  it('is nothing where the pods of now need as many nodes', () => {
    run((ask, state) => {
      const ofNow = Math.max(...ask.needs.map(({ source, nodes }) => (source.startsWith('observed') ? nodes : 0)));
      if (ask.desired > ofNow) return;
      expect(headroom(ask, state, pool).replicas).toBe(0);
    });
  });

  it('asks for no more nodes than the maximum leaves, and for no more placeholders than fit on them', () => {
    run((ask, state) => {
      const asked = headroom(ask, state, pool);
      if (asked.replicas === 0) return;
      const here = state.nodes.filter(({ phase }) => phase !== 'notready').length;
      const waiting = headroom({ ...ask, desired: 0 }, state, pool).newNodes;
      const own = asked.newNodes - waiting;
      expect(own).toBeGreaterThanOrEqual(0);
      if (own > 0) expect(here + asked.newNodes).toBeLessThanOrEqual(ask.ceiling);
      expect(asked.replicas).toBeLessThanOrEqual(slotsOf(state, asked.newNodes, asked.size.cpuMillicores));
    });
  });

  it('keeps to the ceiling of dollars, each new node at the price of the dearest offering', () => {
    run((ask, state) => {
      const asked = headroom(ask, state, pool);
      const waiting = headroom({ ...ask, desired: 0 }, state, pool).newNodes;
      if (ask.usdPerHourMax === null || asked.newNodes === waiting) return;
      const here = state.nodes.filter(({ phase }) => phase !== 'notready').length;
      expect((here + asked.newNodes) * PRICE).toBeLessThanOrEqual(ask.usdPerHourMax + 1e-6);
    });
  });

  it('grows with what is forecast', () => {
    run((ask, state) => {
      const more = { ...ask, desired: Math.min(ask.ceiling, ask.desired + 1) };
      expect(headroom(more, state, pool).replicas).toBeGreaterThanOrEqual(headroom(ask, state, pool).replicas);
    });
  });

  it('leaves room for all pods of now on the nodes that are to be there', () => {
    run((ask, state) => {
      const { replicas, size } = headroom(ask, state, pool);
      if (replicas === 0) return;
      const pods = [...state.nodes.flatMap((node) => node.pods ?? []), ...state.pendingPods];
      const taken = pods
        .filter((one) => one.ownerKind !== 'DaemonSet')
        .reduce((sum, one) => sum + one.requests.cpuMillicores, 0);
      expect(taken + replicas * size.cpuMillicores).toBeLessThanOrEqual(ask.desired * 4_000);
    });
  });
});

describe('headroom', () => {
  const busy = (name: string, millicores = 4_000) =>
    nodeOf(name, { pods: [podOf(millicores, { nodeName: name, phase: 'Running' })] });

  it.each<
    [what: string, desired: number, ofNow: number, state: Partial<PlanState>, replicas: number, newNodes: number]
  >([
    ['four on each node that is missing', 4, 2, { nodes: [busy('a'), busy('b')] }, 8, 2],
    ['what is left of a node that is there, and the next', 3, 1, { nodes: [busy('a', 1_500), busy('b')] }, 6, 1],
    ['none of it on a node that pods fill up unevenly', 2, 1, { nodes: [busy('a', 3_100)] }, 4, 1],
    ['no room that pods need which wait', 4, 3, { nodes: [busy('a'), busy('b')], pendingPods: [podOf(2_000)] }, 6, 2],
    ['from nothing', 2, 0, {}, 8, 2],
    [
      'as many while their nodes join',
      2,
      0,
      { nodes: [nodeOf('j', { phase: 'notready', pods: [], createdMs: NOON })] },
      8,
      2,
    ],
  ])('is %s', (_what, desired, ofNow, state, replicas, newNodes) => {
    expect(headroom(askOf(desired, ofNow), stateOf(null, state), pool)).toMatchObject({ replicas, newNodes });
  });

  it('is of a quarter of what DaemonSets leave of a node, or as configured', () => {
    const resident = podOf(400, { nodeName: 'a', ownerKind: 'DaemonSet' });
    const state = stateOf(null, { nodes: [nodeOf('a', { pods: [resident] })] });
    expect(headroom(askOf(2, 1), state, pool).size).toEqual({
      cpuMillicores: 900,
      memoryBytes: 3_840 * 2 ** 20,
      gpus: 0,
    });
    const own = poolOf({ provider: { kind: 'buffer', placeholder: { cpu: '500m', memory: '1Gi' } } });
    const size = { cpuMillicores: 500, memoryBytes: GIB, gpus: 0 };
    expect(headroom(askOf(2, 1), state, own)).toMatchObject({ replicas: 14, size });
  });

  it('does not overflow nodes that are smaller than the template says', () => {
    const small = { cpuMillicores: 3_900, memoryBytes: 15 * GIB, pods: 110, gpus: 0 };
    const node = nodeOf('a', { allocatable: small, pods: [podOf(3_900, { nodeName: 'a' })] });
    expect(headroom(askOf(3, 1), stateOf(null, { nodes: [node] }), pool)).toMatchObject({ replicas: 6, newNodes: 2 });
  });
});
