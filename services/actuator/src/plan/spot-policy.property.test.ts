import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY } from './memory.ts';
import { keepsPolicy, offeringId, offeringsOf, tallyOf } from './offerings.ts';
import { plan } from './plan.ts';
import { applied, NOON, nodeOf, poolOf, stateOf } from './plan-state.test-data.ts';

const MINUTE_MS = 60_000;
const OFFERINGS = [
  { instance_type: 'm', usd_per_hour: 0.2 },
  { instance_type: 'l', usd_per_hour: 0.3, allocatable: { cpu: '8', memory: '32Gi', pods: 220 } },
  { instance_type: 'calm', capacity_type: 'spot', usd_per_hour: 0.08, interruption: '<5%' },
  { instance_type: 'wild', capacity_type: 'spot', usd_per_hour: 0.06, interruption: '>20%' },
];

/** Mostly few of them: else hardly a draw keeps to the policy. */
const arbitrary = fc.record({
  nodes: fc.array(
    fc.record({
      offering: fc.constantFrom(0, 0, 0, 2, 3),
      phase: fc.constantFrom('ready', 'ready', 'ready', 'ready', 'ready', 'ready', 'draining' as const),
    }),
    { minLength: 1, maxLength: 20 },
  ),
  rps: fc.integer({ min: 0, max: 2_500 }),
  share: fc.constantFrom(0.3, 0.7, 1),
  riskMax: fc.constantFrom(0.01, 0.05, 0.1, 0.2, 1),
  consolidate: fc.boolean(),
  old: fc.boolean(),
});

describe('plan: the policy for spot, whatever the situation', () => {
  it('stands after drains, cancelled drains and replacements where it stood before', () => {
    let drains = 0;
    let cancelled = 0;
    let replaced = 0;
    fc.assert(
      fc.property(arbitrary, ({ nodes: drawn, rps, share, riskMax, consolidate, old }) => {
        const pool = poolOf({
          offerings: OFFERINGS,
          spot: { share, risk_max: riskMax },
          scale_down: { consolidate, max_parallel: 5 },
          bounds: { min_nodes: 0, max_nodes: 40 },
        });
        const nodes = drawn.map(({ offering: index, phase }, i) => {
          const offering = offeringsOf(pool)[index] as ReturnType<typeof offeringsOf>[number];
          return nodeOf(`n${String(i).padStart(3, '0')}`, {
            phase: phase as 'ready' | 'draining',
            offeringId: offeringId(offering),
            capacityType: offering.capacityType,
            usdPerHour: offering.usdPerHour,
          });
        });
        const unneededSinceMs = Object.fromEntries(nodes.map(({ name }) => [name, NOON - 60 * MINUTE_MS]));
        const memory = old ? { ...EMPTY_MEMORY, unneededSinceMs } : EMPTY_MEMORY;
        const state = stateOf(rps, { nodes, memory, cluster: { nodes: 100, unready: 0 } });
        const stands = (of: typeof state) => {
          const ready = of.nodes.filter((node) => node.phase === 'ready');
          const starting = of.starting.map(({ offering }) => ({
            capacityType: offering.capacityType,
            offeringId: offeringId(offering),
            units: offering.allocatable === null ? 1 : 2,
          }));
          return keepsPolicy(tallyOf([...ready, ...starting], pool), pool.spot);
        };
        if (!stands(state)) return;
        const planned = plan(state, [], pool, NOON);
        const kinds = planned.actions.map(({ kind }) => kind);
        drains += kinds.filter((kind) => kind === 'drain').length;
        cancelled += kinds.filter((kind) => kind === 'cancel-drain').length;
        let after = applied(state, planned, NOON);
        expect(stands(after)).toBe(true);
        const { replacing } = planned.memory;
        if (replacing === null) return;
        replaced++;
        // As it is once the old nodes are gone: else they could not leave.
        after = { ...after, nodes: after.nodes.filter(({ name }) => !replacing.nodes.includes(name)) };
        expect(stands(after)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    // The draws reach each of them.
    expect(drains).toBeGreaterThan(0);
    expect(cancelled).toBeGreaterThan(0);
    expect(replaced).toBeGreaterThan(0);
  });
});
