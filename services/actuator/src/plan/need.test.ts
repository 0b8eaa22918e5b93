import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY } from './memory.ts';
import { plan } from './plan.ts';
import { forecastOf, NOON, nodesOf, podOf, poolOf, stateOf } from './plan-state.test-data.ts';
import type { PlanState } from './types.ts';

const MINUTE_MS = 60_000;
const GIB = 2 ** 30;

/** A KPI of the application beside the signals that the collector derives. */
const POOL = poolOf({
  signals: [
    { name: 'rps', capacity_per_node: 100, interval: '1m' },
    { name: 'requested-cpu' },
    { name: 'requested-memory' },
    { name: 'requested-pods' },
  ],
});

interface Values {
  readonly rps?: number;
  readonly cpu?: number;
  readonly memory?: number;
  readonly pods?: number;
}

function readings({ rps = 0, cpu = 0, memory = 0, pods = 0 }: Values, ageMs: Values = {}): PlanState['readings'] {
  return [
    { signal: 'rps', timeMs: NOON - (ageMs.rps ?? 0), value: rps },
    { signal: 'requested-cpu', timeMs: NOON - (ageMs.cpu ?? 0), value: cpu },
    { signal: 'requested-memory', timeMs: NOON - (ageMs.memory ?? 0), value: memory },
    { signal: 'requested-pods', timeMs: NOON - (ageMs.pods ?? 0), value: pods },
  ];
}

describe('plan: several signals at once', () => {
  const all = { rps: 310, cpu: 8_500, memory: 70 * GIB, pods: 280 };
  it.each<{ values: Values; need: number; from: string }>([
    { values: all, need: 5, from: 'observed:requested-memory' },
    { values: { ...all, memory: 1 * GIB }, need: 4, from: 'observed:rps' },
    { values: { ...all, memory: 0, rps: 0 }, need: 3, from: 'observed:requested-pods' },
    { values: { ...all, memory: 0, rps: 0, pods: 1 }, need: 3, from: 'observed:requested-cpu' },
    { values: {}, need: 0, from: 'nothing' },
  ])('the largest need wins: $need nodes from $from', ({ values, need, from }) => {
    const { report } = plan(stateOf(null, { readings: readings(values) }), [], POOL, NOON);
    expect(report).toMatchObject({ need, needFrom: from });
    expect(report.needs).toHaveLength(4);
  });

  it('the forecast of one and the pods that wait compete with the observed load of the others', () => {
    const state = stateOf(null, { readings: readings(all), nodes: nodesOf(5, { pods: [podOf(3_900)] }) });
    expect(plan(state, [forecastOf(590)], POOL, NOON).report).toMatchObject({ need: 6, needFrom: 'forecast:rps' });
    const pendingPods = [podOf(3_000), podOf(3_000)];
    const { report } = plan({ ...state, pendingPods }, [forecastOf(590)], POOL, NOON);
    expect(report).toMatchObject({ need: 7, needFrom: 'pending' });
  });

  it('of one that goes stale the others go on, no node leaves, and the report says which', () => {
    const unneededSinceMs = Object.fromEntries(nodesOf(8).map((node) => [node.name, NOON - 60 * MINUTE_MS]));
    const at = (ageMs: Values) =>
      plan(
        stateOf(null, {
          readings: readings({ rps: 700, cpu: 8_500 }, ageMs),
          nodes: nodesOf(8),
          memory: { ...EMPTY_MEMORY, unneededSinceMs },
        }),
        [],
        POOL,
        NOON,
      );
    const fresh = at({});
    expect(fresh.report).toMatchObject({ need: 7, needFrom: 'observed:rps' });
    expect(fresh.actions.map((one) => one.kind)).toEqual(['drain']);
    const stale = at({ rps: 3 * MINUTE_MS + 1 });
    expect(stale.report).toMatchObject({ need: 3, needFrom: 'observed:requested-cpu' });
    expect(stale.actions).toEqual([]);
    expect(stale.report.reasons).toMatchObject([
      { code: 'signal-stale', text: expect.stringMatching(/^rps: the last reading is 3m/) },
    ]);
  });

  it('of one that goes stale the forecast still orders', () => {
    const state = stateOf(null, { readings: readings({ rps: 100, cpu: 8_500 }, { rps: 10 * MINUTE_MS }) });
    const { report } = plan(state, [forecastOf(640)], POOL, NOON);
    expect(report).toMatchObject({ need: 7, needFrom: 'forecast:rps' });
  });
});

describe('plan: a load above the forecast', () => {
  const order = (readAgoMs: number, forecast: ReturnType<typeof forecastOf>) => {
    const pool = poolOf({ signals: [{ name: 'rps', capacity_per_node: 100, interval: '1m' }] });
    const state = stateOf(null, { readings: [{ signal: 'rps', timeMs: NOON - readAgoMs, value: 710 }] });
    const { report } = plan(state, [forecast], pool, NOON);
    return report.needs.find((one) => one.source === 'forecast:rps')?.nodes;
  };
  const issued = (minutesAgo: number) => forecastOf(310, {}, { issuedMs: NOON - minutesAgo * MINUTE_MS });

  it('is a surge of which two thirds come on top, while its reading is fresh', () => {
    // 310 and two thirds of 400 are 5.8 nodes; 3.1 without.
    expect(order(0, issued(5))).toBe(6);
    expect(order(3 * MINUTE_MS, issued(5))).toBe(6);
    expect(order(3 * MINUTE_MS + 1, issued(5))).toBe(3);
  });

  it('is none where the reading is older than the forecast by more than an interval', () => {
    expect(order(2 * MINUTE_MS, issued(1))).toBe(6);
    expect(order(2 * MINUTE_MS + 1, issued(1))).toBe(3);
  });

  it('that fills little of the last machine buys none, little of the smallest that there is', () => {
    const small = { instance_type: 's', usd_per_hour: 0.03, allocatable: { cpu: '1', memory: '4Gi', pods: 28 } };
    const large = { instance_type: 'l', usd_per_hour: 0.4, allocatable: { cpu: '8', memory: '32Gi', pods: 220 } };
    const general = { instance_type: 'm', usd_per_hour: 0.2 };
    const units = (offerings: readonly object[], value: number) =>
      plan(
        stateOf(0),
        [forecastOf(value)],
        poolOf({ offerings, bounds: { min_nodes: 0, max_nodes: 20 } }),
        NOON,
      ).actions.flatMap((one) => (one.kind === 'create' ? [`${one.count} ${one.offering.instanceType}`] : []));
    // A quarter of a node is a whole small machine, and 0.3 of that are 0.075 nodes.
    expect(units([small], 25)).toEqual(['1 s']);
    expect(units([small], 7)).toEqual([]);
    expect(units([general, large], 29)).toEqual([]);
    expect(units([general, large], 31)).toEqual(['1 m']);
  });
});
