import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY, withFailure } from './memory.ts';
import {
  cheapestOffering,
  offeringId,
  offeringsOf,
  type Shopping,
  type StayingMachine,
  spotNodesMax,
  startShopping,
  unitsOf,
} from './offerings.ts';
import { plan } from './plan.ts';
import { NOON, nodeOf, poolOf, stateOf } from './plan-state.test-data.ts';

const large = { cpu: '16', memory: '64Gi', pods: 440 };
const OFFERINGS = [
  { instance_type: 'm', usd_per_hour: 0.2 },
  { instance_type: 'l', usd_per_hour: 0.6, allocatable: large },
  { instance_type: 'm', zone: 'a', capacity_type: 'spot', usd_per_hour: 0.07 },
  { instance_type: 'm', zone: 'b', capacity_type: 'spot', usd_per_hour: 0.075 },
];

function shopping(spot: object = {}, staying: readonly StayingMachine[] = [], memory = EMPTY_MEMORY): Shopping {
  const pool = poolOf({ offerings: OFFERINGS, spot });
  return startShopping(pool, pool.spot, memory, NOON, staying);
}

describe('offerings', () => {
  it.each([
    { cpu: 8, memoryGi: 24, units: 1.5, why: 'the scarcest resource counts' },
    { cpu: 3.8, memoryGi: 15, units: 1, why: 'what the kubelet keeps for itself does not count' },
    { cpu: 7.5, memoryGi: 32, units: 2, why: 'nor on a machine of twice the size' },
    { cpu: 2, memoryGi: 16, units: 0.5, why: 'half a node is half a node' },
  ])('$cpu cores and $memoryGi GiB are $units nodes of 4 cores and 16 GiB: $why', ({ cpu, memoryGi, units }) => {
    const template = { cpuMillicores: 4_000, memoryBytes: 16 * 2 ** 30, pods: 110, gpus: 0 };
    const allocatable = { cpuMillicores: cpu * 1_000, memoryBytes: memoryGi * 2 ** 30, pods: 220, gpus: 0 };
    expect(unitsOf(allocatable, template)).toBe(units);
  });

  it('lets the share of the nodes above the base be spot, rounded down', () => {
    const max = (nodes: number) => spotNodesMax({ share: 0.7, onDemandBase: 2 }, nodes);
    expect([0, 2, 3, 4, 12].map(max)).toEqual([0, 0, 0, 1, 7]);
  });

  it('buys by the price of what a machine adds: the large one only where it is filled', () => {
    expect(cheapestOffering(shopping(), 1)?.offering.instanceType).toBe('m');
    expect(cheapestOffering(shopping(), 2)?.offering.instanceType).toBe('m');
    expect(cheapestOffering(shopping(), 4)?.offering.instanceType).toBe('l');
  });

  it('spreads spot over offerings of nearly the same price', () => {
    const inA: StayingMachine = { capacityType: 'spot', offeringId: 'm/local/a/spot', units: 1 };
    expect(cheapestOffering(shopping({ share: 1 }), 1)?.offering.zone).toBe('a');
    expect(cheapestOffering(shopping({ share: 1 }, [inA]), 1)?.offering.zone).toBe('b');
  });

  it('falls through to the next offering after a failure, and to on demand when spot has none', () => {
    let memory = withFailure(EMPTY_MEMORY, 'm/local/a/spot', NOON);
    expect(cheapestOffering(shopping({ share: 1 }, [], memory), 1)?.offering.zone).toBe('b');
    memory = withFailure(memory, 'm/local/b/spot', NOON);
    expect(cheapestOffering(shopping({ share: 1 }, [], memory), 1)?.offering.capacityType).toBe('on_demand');
  });

  it('tries a failed offering again after a minute when nothing else is left, and not sooner', () => {
    const pool = poolOf({ offerings: [{ instance_type: 'm', usd_per_hour: 0.2 }] });
    const [only] = offeringsOf(pool);
    if (!only) throw new Error('no offering');
    const memory = withFailure(EMPTY_MEMORY, offeringId(only), NOON);
    const at = (nowMs: number) => plan(stateOf(100, { memory }, nowMs), [], pool, nowMs);
    expect(at(NOON + 59_000).actions).toEqual([]);
    expect(at(NOON + 59_000).report.reasons.map((one) => one.code)).toContain('no-offering');
    expect(at(NOON + 60_000).actions).toHaveLength(1);
  });

  it('is free again once it has delivered since it failed, and not by what it delivered before', () => {
    const pool = poolOf({ offerings: OFFERINGS });
    const id = 'm/local/local/on_demand';
    const memory = withFailure(EMPTY_MEMORY, id, NOON - 120_000);
    const bought = (createdMs: number) => {
      const nodes = [nodeOf('n', { offeringId: id, createdMs })];
      const planned = plan(stateOf(200, { nodes, memory }), [], pool, NOON);
      return planned.actions.flatMap((one) => (one.kind === 'create' ? [one.offering.instanceType] : []));
    };
    expect(bought(NOON - 180_000)).toEqual(['l']);
    // Of the same orders as the one that failed.
    expect(bought(NOON - 120_000)).toEqual(['l']);
    expect(bought(NOON - 119_000)).toEqual(['m']);
  });

  it('keeps to the spot share over a whole batch', () => {
    const pool = poolOf({
      offerings: OFFERINGS.filter((one) => one.instance_type === 'm'),
      spot: { share: 0.7, on_demand_base: 2 },
    });
    const { actions } = plan(stateOf(1_200), [], pool, NOON);
    const spot = actions.flatMap((one) =>
      one.kind === 'create' && one.offering.capacityType === 'spot' ? [one.count] : [],
    );
    // 0.7 x (12 - 2) = 7, spread over two zones.
    expect(spot.reduce((a, b) => a + b, 0)).toBe(7);
    expect(spot).toHaveLength(2);
  });
});
