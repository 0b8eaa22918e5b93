import type { Override } from '@forescale/shared/config';
import type { ForecastAccuracy } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import { EMPTY_MEMORY, withFailure } from './memory.ts';
import { plan } from './plan.ts';
import { forecastOf, NOON, nodeOf, nodesOf, poolOf, startingOf, stateOf } from './plan-state.test-data.ts';
import type { Plan } from './types.ts';

const MINUTE_MS = 60_000;
const POOL = poolOf();

const created = ({ actions }: Plan) =>
  actions.reduce((sum, action) => sum + (action.kind === 'create' ? action.count : 0), 0);
const drained = ({ actions }: Plan) => actions.flatMap((action) => (action.kind === 'drain' ? [action.nodeName] : []));
const codes = ({ report }: Plan) => report.reasons.map((one) => one.code);

describe('plan: need', () => {
  it.each([
    { rps: 0, need: 0, desired: 1, why: 'the min holds without load' },
    { rps: 100, need: 1, desired: 1, why: 'a full node is full, not over' },
    { rps: 100.001, need: 2, desired: 2, why: 'a little more takes a whole node' },
    { rps: 730, need: 8, desired: 8, why: '730 / 100 is 7.3' },
    { rps: 5_000, need: 50, desired: 20, why: 'the max holds' },
    { rps: -50, need: 0, desired: 1, why: 'a negative reading is no load' },
  ])('$rps rps need $need nodes: $why', ({ rps, need, desired }) => {
    const planned = plan(stateOf(rps), [], POOL, NOON);
    expect(planned.report).toMatchObject({ need, desired });
    expect(created(planned)).toBe(desired);
  });

  it('orders for the demand at the time a machine ordered now is Ready', () => {
    // 500 now, 50 more each minute: 650 in the 3 minutes that a node takes.
    const planned = plan(stateOf(500, { nodes: nodesOf(5) }), [forecastOf(500, { slopePerMinute: 50 })], POOL, NOON);
    expect(planned.report).toMatchObject({ need: 7, needFrom: 'forecast:rps' });
    expect(created(planned)).toBe(2);
  });

  it('takes the quantile k / (k + 1) of the forecast', () => {
    const need = (ratio: number) =>
      plan(stateOf(0), [forecastOf(0, { spread: 1_000 })], poolOf({ shortage_cost_ratio: ratio }), NOON).report.need;
    // Level p is 1000 p: k = 1 is the median, k = 9 is 0.9, k = 19 is 0.95.
    expect([1, 9, 19].map(need)).toEqual([5, 9, 10]);
  });

  it('buys no node for the forecast that would carry less than 0.3 of itself; the observed load has all it needs', () => {
    const needFor = (now: number, ahead: number) => plan(stateOf(now), [forecastOf(ahead)], POOL, NOON).report.need;
    expect([needFor(0, 525), needFor(0, 535)]).toEqual([5, 6]);
    expect(needFor(501, 525)).toBe(6);
  });

  it('provides for two thirds of a load above the forecast, at the time of arrival too', () => {
    const planned = plan(stateOf(700, { nodes: nodesOf(7) }), [forecastOf(600)], POOL, NOON);
    // 600 when a machine ordered now is Ready, and 66.67 of the 100 that nobody expected now.
    const need = planned.report.needs.find(({ source }) => source === 'forecast:rps');
    expect(need).toMatchObject({ nodes: 7 });
    expect(need?.why).toContain('666.7 in 3m at quantile 0.95 (test), 66.67 of it for a load above the forecast');
  });

  it('takes a forecast for a floor: one below the observed load changes nothing', () => {
    const planned = plan(stateOf(800, { nodes: nodesOf(8) }), [forecastOf(100)], POOL, NOON);
    expect(planned.actions).toEqual([]);
    expect(planned.report).toMatchObject({ need: 8, needFrom: 'observed:rps' });
  });

  it('lets the signal with the largest need win, and says which', () => {
    const pool = poolOf({
      signals: [
        { name: 'rps', capacity_per_node: 100 },
        { name: 'sessions', capacity_per_node: 10 },
      ],
    });
    const readings = [
      { signal: 'rps', timeMs: NOON, value: 300 },
      { signal: 'sessions', timeMs: NOON, value: 42 },
    ];
    const { report } = plan(stateOf(null, { readings }), [], pool, NOON);
    expect(report).toMatchObject({ need: 5, needFrom: 'observed:sessions' });
    expect(report.needs.map((one) => [one.source, one.nodes])).toEqual([
      ['observed:rps', 3],
      ['observed:sessions', 5],
    ]);
  });

  it('counts nodes that are starting', () => {
    const starting = startingOf(POOL, 3, NOON - MINUTE_MS);
    expect(created(plan(stateOf(500, { nodes: nodesOf(2), starting }), [], POOL, NOON))).toBe(0);
    expect(created(plan(stateOf(600, { nodes: nodesOf(2), starting }), [], POOL, NOON))).toBe(1);
  });

  it('replaces nodes that are cordoned or not Ready, but not while the whole cluster is unhealthy', () => {
    const nodes = [...nodesOf(4), nodeOf('x', { phase: 'notready' }), nodeOf('y', { phase: 'cordoned' })];
    expect(created(plan(stateOf(600, { nodes }), [], POOL, NOON))).toBe(2);
    const cluster = { nodes: 6, unready: 4 };
    expect(created(plan(stateOf(600, { nodes, cluster }), [], POOL, NOON))).toBe(1);
  });

  it('ignores a reading older than three intervals, keeps every node, and says so', () => {
    const state = stateOf(100, { nodes: nodesOf(5) });
    const memory = { ...EMPTY_MEMORY, unneededSinceMs: { 'node-00000': NOON - 3_600_000 } };
    const planned = plan({ ...state, memory }, [], POOL, NOON + 3 * MINUTE_MS + 1);
    expect(planned.actions).toEqual([]);
    expect(codes(planned)).toContain('signal-stale');
    expect(planned.report.need).toBe(0);
  });

  it('goes on with a forecast while the readings are missing', () => {
    const planned = plan(stateOf(null), [forecastOf(450)], POOL, NOON);
    expect(created(planned)).toBe(5);
    expect(codes(planned)).toContain('signal-missing');
  });
});

describe('plan: bounds', () => {
  const windows = { policies: { day: { time_range: '12:10-17:00', min_nodes: 6, max_nodes: 8 } } };

  it('has the min of a window Ready when it starts, and not before', () => {
    const at = (minute: number) =>
      plan(
        stateOf(100, { nodes: nodesOf(2) }, NOON + minute * MINUTE_MS),
        [],
        poolOf({}, windows),
        NOON + minute * MINUTE_MS,
      );
    expect(created(at(6))).toBe(0);
    expect(created(at(7))).toBe(4);
    expect(at(7).report).toMatchObject({ floor: 6, floorFrom: 'policy day', boundBy: 'min of policy day' });
  });

  it('lets the max in force now forbid the min of the window to come', () => {
    const planned = plan(
      stateOf(100, {}, NOON + 8 * MINUTE_MS),
      [],
      poolOf({ bounds: { min_nodes: 1, max_nodes: 3 } }, windows),
      NOON + 8 * MINUTE_MS,
    );
    expect(planned.report).toMatchObject({ floor: 3, ceiling: 3 });
  });

  it('counts everything that exists against the max: starting, draining, cordoned', () => {
    const pool = poolOf({ bounds: { min_nodes: 1, max_nodes: 6 } });
    const nodes = [...nodesOf(2), nodeOf('c', { phase: 'cordoned' }), nodeOf('l', { phase: 'leaving' })];
    const planned = plan(stateOf(2_000, { nodes, starting: startingOf(pool, 1, NOON) }), [], pool, NOON);
    expect(created(planned)).toBe(1);
    expect(planned.report.boundBy).toBe('max of pool');
  });

  it('never passes the price ceiling, not even for the min', () => {
    const pool = poolOf({
      bounds: { min_nodes: 5, max_nodes: 20, usd_per_hour_max: 0.5 },
      offerings: [{ instance_type: 'm', usd_per_hour: 0.15 }],
    });
    const planned = plan(stateOf(900), [], pool, NOON);
    expect(created(planned)).toBe(3);
    expect(planned.report.boundBy).toBe('usd_per_hour_max of pool');
  });

  it('while paused only empties what its provider takes back', () => {
    const override: Override = {
      minNodes: null,
      maxNodes: null,
      paused: true,
      untilMs: NOON + 1,
      by: 'ann',
      why: 'works',
    };
    const nodes = [...nodesOf(25), nodeOf('i', { interruptedMs: NOON + 90_000 })];
    const planned = plan(stateOf(9_000, { nodes, override }), [], POOL, NOON);
    const reason = 'its machine is being reclaimed';
    expect(planned.actions).toEqual([{ kind: 'drain', nodeName: 'i', reason, force: true }]);
    expect(planned.report.boundBy).toBe('pause');
  });

  it('drains a surplus when the max falls, needed or not, in steps of the disruption budget', () => {
    const pool = poolOf({ bounds: { min_nodes: 1, max_nodes: 4 } });
    const planned = plan(stateOf(800, { nodes: nodesOf(8) }), [], pool, NOON);
    // 10 % of 8, rounded up.
    expect(drained(planned)).toEqual(['node-00000']);
    expect(created(planned)).toBe(0);
    expect(codes(planned)).toContain('above-bound');
  });

  it('gives up starting machines first when the max falls', () => {
    const pool = poolOf({ bounds: { min_nodes: 1, max_nodes: 4 } });
    const starting = startingOf(pool, 2, NOON - MINUTE_MS);
    const planned = plan(stateOf(800, { nodes: nodesOf(4), starting }), [], pool, NOON);
    expect(planned.actions.map((action) => action.kind)).toEqual(['cancel-start', 'cancel-start']);
  });
});

describe('plan: failures', () => {
  it('gives up a machine that does not become Ready in time, passes its offering over, and orders another', () => {
    const pool = poolOf({
      offerings: [
        { instance_type: 'a', usd_per_hour: 0.1 },
        { instance_type: 'b', usd_per_hour: 0.2 },
      ],
    });
    const starting = startingOf(pool, 1, NOON - 15 * MINUTE_MS - 1);
    const planned = plan(stateOf(100, { starting }), [], pool, NOON);
    expect(planned.actions).toMatchObject([
      { kind: 'cancel-start', requestId: starting[0]?.requestId },
      { kind: 'create', offering: { instanceType: 'b' }, count: 1 },
    ]);
    expect(planned.memory).toMatchObject({ lastFailureMs: NOON });
  });

  it('replaces a reclaimed node at once, beside its drain', () => {
    const nodes = [...nodesOf(4), nodeOf('spot', { interruptedMs: NOON + 120_000 })];
    const planned = plan(stateOf(500, { nodes }), [], POOL, NOON);
    expect(planned.actions).toMatchObject([
      { kind: 'drain', nodeName: 'spot', force: true },
      { kind: 'create', count: 1 },
    ]);
  });

  it('takes drains back before it orders machines', () => {
    const nodes = [...nodesOf(3), nodeOf('d', { phase: 'draining' }), nodeOf('l', { phase: 'leaving' })];
    const planned = plan(stateOf(500, { nodes }), [], POOL, NOON);
    expect(planned.actions).toMatchObject([
      { kind: 'cancel-drain', nodeName: 'd' },
      { kind: 'create', count: 1 },
    ]);
  });

  it('doubles the time for which a failing offering is passed over, up to half an hour, and forgets after three', () => {
    const marks = (...minutes: number[]) => {
      let memory = EMPTY_MEMORY;
      for (const minute of minutes) memory = withFailure(memory, 'x', NOON + minute * MINUTE_MS);
      return ((memory.marks.x?.untilMs ?? 0) - NOON) / MINUTE_MS - (minutes.at(-1) ?? 0);
    };
    expect([marks(0), marks(0, 0), marks(0, 1), marks(0, 1, 2), marks(0, 1, 2, 3), marks(0, 1, 182)]).toEqual([
      5, 5, 10, 20, 30, 5,
    ]);
  });
});

it('plan: reports at most 200 reasons, and how many there were', () => {
  const forecasts = Array.from({ length: 300 }, () => forecastOf(1, {}, { pool: 'other' }));
  const { report } = plan(stateOf(300), forecasts, POOL, NOON);
  expect(report.reasons).toHaveLength(200);
  expect(report.reasons.at(-1)).toMatchObject({ code: 'more', text: expect.stringMatching(/^10\d reasons more$/) });
});

describe('plan: rejected forecasts', () => {
  const flat = forecastOf(900);
  const good: ForecastAccuracy = {
    wql: 0.2,
    mase: 1,
    coverage90: 0.9,
    coverage99: 1,
    relativeError: 0.9,
    hours: 24,
  };

  it.each([
    { what: 'as good as seasonal-naive', accuracy: { ...good, relativeError: 1 } },
    { what: 'a little worse, as chance will have it', accuracy: { ...good, relativeError: 1.4 } },
    {
      what: 'bad for less than a day',
      accuracy: { ...good, wql: 3, mase: 9, relativeError: 5, coverage90: 0, hours: 22 },
    },
    { what: 'of an older predictor, which does not compare', accuracy: { ...good, relativeError: null, hours: null } },
    { what: 'not judged yet', accuracy: null },
  ])('one that is $what counts', ({ accuracy }) => {
    const { report } = plan(stateOf(300), [{ ...flat, accuracy }], POOL, NOON);
    expect(report).toMatchObject({ need: 9, needFrom: 'forecast:rps', rejectedForecasts: [] });
  });

  it('a message that cannot be read as a forecast is named too, and the observed load goes on', () => {
    const unreadForecasts = [{ signal: 'rps', reason: 'cannot be read: quantiles.0.5[3] = null' }];
    const planned = plan(stateOf(300, { unreadForecasts }), [], POOL, NOON);
    expect(planned.report).toMatchObject({ need: 3, rejectedForecasts: unreadForecasts });
    expect(planned.report.reasons).toContainEqual({
      code: 'forecast-rejected',
      text: 'forecast of rps cannot be read: quantiles.0.5[3] = null; the observed load goes on alone',
    });
  });

  it.each([
    { what: 'expired', forecast: forecastOf(900, {}, { validUntilMs: NOON - 1_000 }), reason: 'expired 1 s ago' },
    { what: 'of another pool', forecast: { ...flat, pool: 'other' }, reason: 'is for pool other' },
    { what: 'of an unknown signal', forecast: { ...flat, signal: 'x' }, reason: 'does not have' },
    { what: 'from the future', forecast: { ...flat, issuedMs: NOON + 120_000 }, reason: 'in the future' },
    {
      what: 'too short',
      forecast: { ...flat, timesMs: [NOON + 60_000], quantiles: flat.levels.map(() => [9]) },
      reason: 'ends before',
    },
    {
      what: 'not finite',
      forecast: { ...flat, quantiles: flat.quantiles.map((row) => [...row.slice(1), Number.NaN]) },
      reason: 'not finite',
    },
    {
      what: 'crossing',
      forecast: { ...flat, quantiles: flat.quantiles.map((row, i) => row.map((v) => v - i)) },
      reason: 'crosses',
    },
    { what: 'malformed', forecast: { ...flat, maxQuantiles: flat.maxQuantiles.slice(1) }, reason: 'malformed' },
    { what: 'without a time', forecast: { ...flat, validUntilMs: Number.NaN }, reason: 'has no time' },
    {
      what: 'infinite in a maximum',
      forecast: { ...flat, maxQuantiles: flat.maxQuantiles.map((row) => [...row.slice(1), Number.POSITIVE_INFINITY]) },
      reason: 'not finite',
    },
    { what: 'inaccurate', forecast: { ...flat, accuracy: { ...good, wql: 1.2 } }, reason: 'quantile loss 1.20 > 1' },
    { what: 'far off', forecast: { ...flat, accuracy: { ...good, mase: 3.5 } }, reason: 'usual error of repeating' },
    {
      what: 'overconfident',
      forecast: { ...flat, accuracy: { ...good, coverage90: 0.4 } },
      reason: '40 % of the time',
    },
    {
      what: 'worse than seasonal-naive for a day',
      forecast: { ...flat, accuracy: { ...good, relativeError: 1.6 } },
      reason: 'was worse than seasonal-naive for a day: 1.60 times its error > 1.5',
    },
    {
      what: 'inaccurate as an older predictor tells it',
      forecast: { ...flat, accuracy: { ...good, wql: 1.2, relativeError: null, hours: null } },
      reason: 'quantile loss',
    },
  ])('one that is $what is rejected by name, and the observed load goes on', ({ forecast, reason }) => {
    const planned = plan(stateOf(300), [forecast], POOL, NOON);
    expect(planned.report.need).toBe(3);
    expect(planned.report.rejectedForecasts).toMatchObject([
      { signal: forecast.signal, reason: expect.stringContaining(reason) },
    ]);
    expect(codes(planned)).toContain('forecast-rejected');
  });
});
