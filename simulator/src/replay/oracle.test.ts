import { describe, expect, it } from 'vitest';
import { boundCurve, oracleBound, stepsToDrop } from './oracle.ts';
import { poolOf, SAW } from './trace.test-data.ts';

const MINUTE_MS = 60_000;

describe('the clairvoyant bound', () => {
  it('drops the node-steps that carry least first: 0.1 and 0.5 fit into 0.7, 0.9 does not', () => {
    const demand = Float64Array.of(2.1, 3.5, 1.9, 1);
    expect(stepsToDrop(demand, 1, 1, 0.7).dropped).toBe(2);
    expect(oracleBound(demand, MINUTE_MS, 1, () => poolOf(), 0).nodeSteps).toBe(3 + 4 + 2 + 1);
    expect(oracleBound(demand, MINUTE_MS, 1, () => poolOf(), 0.7).nodeSteps).toBe(2 + 3 + 2 + 1);
  });

  it('drops no more nodes than were counted where several cost the same', () => {
    expect(oracleBound(Float64Array.of(1.5, 1.5, 1.5), MINUTE_MS, 1, () => poolOf(), 1).nodeSteps).toBe(4);
  });

  it('never drops the first node, unless the pool may be empty', () => {
    const demand = Float64Array.of(0.5, 0);
    expect(oracleBound(demand, MINUTE_MS, 1, () => poolOf(), 10).nodeSteps).toBe(2);
    expect(oracleBound(demand, MINUTE_MS, 1, () => poolOf({ bounds: { min_nodes: 0 } }), 10).nodeSteps).toBe(0);
  });

  // Node-steps that a separate program in another language found for the second half of the saw, 10 a node.
  it.each([
    { share: 0, nodeSteps: 2_632 },
    { share: 0.001, nodeSteps: 2_603 },
    { share: 0.01, nodeSteps: 2_529 },
    { share: 0.05, nodeSteps: 2_393 },
  ])('leaves $share of the saw unmet with $nodeSteps node-steps', ({ share, nodeSteps }) => {
    const demand = SAW.values.slice(240);
    const total = demand.reduce((sum, value) => sum + value, 0);
    expect(oracleBound(demand, MINUTE_MS, 10, () => poolOf(), share * total).nodeSteps).toBe(nodeSteps);
    expect(boundCurve(demand, 10, 1)(share * total)).toBe(nodeSteps);
  });
});
