import { beforeAll, describe, expect, it } from 'vitest';
import { loadMixSolver } from '../solver/index.ts';
import type { MixSolver } from './mix.ts';
import { plan } from './plan.ts';
import { NOON, podOf, poolOf, stateOf } from './plan-state.test-data.ts';
import type { Plan } from './types.ts';

const GIB = 2 ** 30;
const SIGNALS = [{ name: 'requested-cpu' }, { name: 'requested-memory' }, { name: 'rps', capacity_per_node: 100 }];
const COMPUTE = { instance_type: 'c', usd_per_hour: 0.17, allocatable: { cpu: '4', memory: '8Gi', pods: 110 } };
const GENERAL = { instance_type: 'm', usd_per_hour: 0.2 };
const SMALL = { instance_type: 's', usd_per_hour: 0.04, allocatable: { cpu: '1', memory: '4Gi', pods: 30 } };

let solve: MixSolver;
beforeAll(async () => {
  solve = await loadMixSolver();
});

const bought = ({ actions }: Plan) =>
  actions.flatMap((one) => (one.kind === 'create' ? [`${one.count} ${one.offering.instanceType}`] : []));

function buy(offerings: readonly object[], values: Readonly<Record<string, number>>, pending: readonly number[] = []) {
  const pool = poolOf({ offerings, signals: SIGNALS, bounds: { min_nodes: 0, max_nodes: 50 } });
  const readings = SIGNALS.map(({ name }) => ({ signal: name, timeMs: NOON, value: values[name] ?? 0 }));
  return bought(
    plan(stateOf(null, { readings, pendingPods: pending.map((cpu) => podOf(cpu)) }), [], pool, NOON, solve),
  );
}

describe('plan: what a mix has to cover', () => {
  it('is each resource by itself where that is what is asked for', () => {
    // 40 cores and 60 GiB: 10 of 4 cores and 8 GiB have enough of both.
    expect(buy([COMPUTE, GENERAL], { 'requested-cpu': 40_000, 'requested-memory': 60 * GIB })).toEqual(['10 c']);
    expect(buy([COMPUTE, GENERAL], { 'requested-cpu': 10_000, 'requested-memory': 160 * GIB })).toEqual(['10 m']);
  });

  it('is whole nodes of the template where only their number is known', () => {
    // Half of its memory makes half a node of the compute machine.
    expect(buy([COMPUTE, GENERAL], { rps: 1_000 })).toEqual(['10 m']);
  });

  it('takes no machine that is too small for a pod, however cheap', () => {
    expect(buy([SMALL, GENERAL], { 'requested-cpu': 8_000 }, [500])).toEqual(['8 s']);
    expect(buy([SMALL, GENERAL], { 'requested-cpu': 8_000 }, [500, 1_500])).toEqual(['2 m']);
  });
});

describe('plan: the risk of spot', () => {
  const spot = (interruption: string | undefined, usd = 0.07) => ({
    instance_type: `m${interruption ?? ''}`.replace(/\W/g, ''),
    capacity_type: 'spot',
    usd_per_hour: usd,
    ...(interruption === undefined ? {} : { interruption }),
  });
  const spotCount = (riskMax: number, offerings: readonly object[]) => {
    const pool = poolOf({
      offerings: [GENERAL, ...offerings],
      bounds: { min_nodes: 0, max_nodes: 50 },
      spot: { share: 1, risk_max: riskMax },
    });
    return plan(stateOf(1_000), [], pool, NOON).actions.flatMap((one) =>
      one.kind === 'create' && one.offering.capacityType === 'spot' ? [one.count] : [],
    );
  };

  it.each([
    { band: '<5%', riskMax: 0.025, count: 10 },
    { band: '5-10%', riskMax: 0.03, count: 4 },
    { band: '>20%', riskMax: 0.1, count: 4 },
    { band: undefined, riskMax: 0.1, count: 4 },
    { band: '>20%', riskMax: 0.02, count: 0 },
  ])('$count of 10 nodes are spot of band $band where $riskMax of them may be taken back in a month', (one) => {
    expect(spotCount(one.riskMax, [spot(one.band)]).reduce((a, b) => a + b, 0)).toBe(one.count);
  });

  it('is worth a price: a calmer offering is taken where it is hardly dearer', () => {
    const chosen = (calmUsd: number) => {
      const pool = poolOf({ offerings: [GENERAL, spot('<5%', calmUsd), spot('>20%', 0.07)], spot: { share: 1 } });
      return bought(plan(stateOf(100), [], pool, NOON));
    };
    expect(chosen(0.075)).toEqual(['1 m5']);
    expect(chosen(0.09)).toEqual(['1 m20']);
  });
});
