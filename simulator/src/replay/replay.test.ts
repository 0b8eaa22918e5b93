import type { Series } from '@forescale/shared/domain';
import { describe, expect, it } from 'vitest';
import type { ReplayFaults } from './machines.ts';
import { POLICY_NAMES, type PolicyKnobs, type PolicyName } from './policy.ts';
import { type ReplayOptions, replay } from './replay.ts';
import { timelineCsv } from './timeline.ts';
import { MINUTE_MS, periodicForecaster, poolOf, SAW, traceOf } from './trace.test-data.ts';

function run(policy: PolicyName, trace: Series, overrides: Partial<ReplayOptions> = {}) {
  let clockMs = 0;
  const timerMs = () => clockMs++;
  return replay({ trace, pool: poolOf(), policy, seed: 1, historyShare: 0.5, forecaster: null, timerMs, ...overrides });
}

describe('replay: held against an independent implementation', () => {
  // Computed by a separate program in another language, on the same saw, with 10 a node and the second half scored.
  it.each([
    {
      boot: '3m',
      unneeded: '10m',
      headroom: 0,
      unmet: 0.002302912390065712,
      short: 0.0125,
      steps: 3_152,
      bound: 2_586,
    },
    {
      boot: '10m',
      unneeded: '5m',
      headroom: 0.1,
      unmet: 0.006928589863214946,
      short: 0.03333333,
      steps: 3_472,
      bound: 2_547,
    },
    {
      boot: '3m',
      unneeded: '1m',
      headroom: -0.1,
      unmet: 0.15088046693533977,
      short: 0.9625,
      steps: 2_548,
      bound: 2_392,
    },
  ])(
    'reactive, boot $boot, unneeded $unneeded, headroom $headroom',
    async ({ boot, unneeded, headroom, unmet, short, steps, bound }) => {
      const pool = poolOf({ lead_time: boot, scale_down: { unneeded, after_scale_up: '0s' } });
      const { summary } = await run('reactive', SAW, { pool, knobs: { headroom } });
      expect(summary.unmet_demand_share).toBeCloseTo(unmet, 7);
      expect(summary.shortage_time_share).toBeCloseTo(short, 7);

      expect(summary.node_steps).toBe(steps);
      expect(summary.cost_ratio).toBeCloseTo(steps / bound, 2);
    },
  );

  it('oracle: 2632 node-steps meet all', async () => {
    const { summary } = await run('oracle', SAW);
    expect(summary).toMatchObject({ node_steps: 2_632, unmet_demand_share: 0, cost_ratio: 1 });
  });
});

describe('replay: time', () => {
  // One node carries 10: one until step 20, three from then on.
  const jump = traceOf(Array.from({ length: 40 }, (_, k) => (k < 20 ? 10 : 30)));

  it('has a machine Ready a boot after its request, and pays for it from the request on', async () => {
    const pool = poolOf({ lead_time: '3m', scale_down: { unneeded: '1m', after_scale_up: '0s' } });
    const { timeline } = await run('reactive', jump, { pool, historyShare: 0.25 });
    const rows = (column: Int32Array) => [...column.slice(9, 14)];
    expect(rows(timeline.nodesReady)).toEqual([1, 1, 1, 1, 3]);
    expect(rows(timeline.nodesStarting)).toEqual([0, 2, 2, 2, 0]);
    expect([...timeline.usdPerHour.slice(9, 14)].map((usd) => Number(usd.toFixed(2)))).toEqual([
      0.1, 0.3, 0.3, 0.3, 0.3,
    ]);
  });

  it('knows a sample of a coarse trace only when the next begins', async () => {
    const coarse = traceOf([10, 20, 30, 40], 30 * MINUTE_MS);
    const { timeline } = await run('oracle', coarse, { historyShare: 0 });
    expect(timeline.rows).toBe(91);
    expect([0, 29, 30, 59, 60, 90].map((row) => timeline.demand[row])).toEqual([10, 10, 10, 10, 20, 30]);
  });

  it('holds the last sample over a gap, in which no forecast has ground', async () => {
    const trace = traceOf([10, 10, 10, 10, 10, 10, 20]);
    trace.timesMs[6] = (trace.timesMs[5] as number) + 60 * MINUTE_MS;
    const asked: number[] = [];
    const forecaster = { ...periodicForecaster(trace, 60) };
    const counting = {
      ...forecaster,
      forecast(nowMs: number) {
        asked.push((nowMs - (trace.timesMs[0] as number)) / MINUTE_MS);
        return forecaster.forecast(nowMs);
      },
    };
    const { timeline } = await run('forescale', trace, { historyShare: 0, forecaster: counting });
    expect(timeline.demand[64]).toBe(10);
    expect(asked).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 65]);
  });

  it('does not let later samples change what was decided before', async () => {
    const changed = { ...SAW, values: SAW.values.map((value, k) => (k >= 400 ? 300 : value)) };
    const pool = poolOf({ scale_down: { unneeded: '5m' } });
    const runs = await Promise.all(
      [SAW, changed].map((trace) => run('forescale', trace, { pool, forecaster: periodicForecaster(trace, 101) })),
    );
    const [a, b] = runs.map(({ timeline }) => [...timeline.nodesStarting.slice(0, 160)]);
    expect(b).toEqual(a);
  });
});

describe('replay: policies', () => {
  it('forescale with a true forecast misses nothing and pays far less in excess than reactive', async () => {
    // Two hours low, two hours high, again and again.
    const wave = traceOf(Array.from({ length: 2_400 }, (_, k) => (k % 240 < 120 ? 20 : 100)));
    const pool = poolOf({ lead_time: '10m', scale_down: { unneeded: '1m', after_scale_up: '0s', max_parallel: 100 } });
    const forecaster = periodicForecaster(wave, 240);
    const own = (await run('forescale', wave, { pool, forecaster })).summary;
    const reactive = (await run('reactive', wave, { pool })).summary;
    expect(own.unmet_demand_share).toBe(0);
    expect(reactive.unmet_demand_share).toBeGreaterThan(0.04);
    // Ten minutes of boot and a drain of 10 % a minute for every four hours: about 1.2.
    expect(own.cost_ratio).toBeLessThan(1.3);
    expect(forecaster.trainings).toHaveLength(1);
  });

  it.each<PolicyName>(['forescale', 'reactive', 'target', 'holt-winters', 'schedule', 'static'])(
    '%s keeps to min and max',
    async (policy) => {
      const pool = poolOf({ bounds: { min_nodes: 9, max_nodes: 12 } });
      const { timeline } = await run(policy, SAW, { pool, forecaster: periodicForecaster(SAW, 101) });
      for (let row = 0; row < timeline.rows; row++) {
        const nodes = (timeline.nodesReady[row] as number) + (timeline.nodesStarting[row] as number);
        expect(nodes).toBeGreaterThanOrEqual(9);
        expect(nodes).toBeLessThanOrEqual(12);
      }
    },
  );

  it('target aims at its utilisation, static at the peak of the history', async () => {
    const flat = traceOf(Array.from({ length: 200 }, (_, k) => (k === 50 ? 140 : 70)));
    const last = async (policy: PolicyName, knobs: Partial<PolicyKnobs>) =>
      (await run(policy, flat, { knobs })).timeline.nodesReady.at(-1);
    expect(await last('target', { targetUtilisation: 0.5 })).toBe(14);
    expect(await last('static', {})).toBe(14);
    expect(await last('static', { staticQuantile: 0.9 })).toBe(7);
  });

  it('schedule has each hour what the same hour of the days before needed', async () => {
    const days = traceOf(
      Array.from({ length: 4 * 1_440 }, (_, k) => (k % 1_440 < 720 ? 20 : 80)),
      MINUTE_MS,
      0,
    );
    const { timeline, summary } = await run('schedule', days);
    expect(summary.unmet_demand_share).toBe(0);
    expect([timeline.nodesReady[600], timeline.nodesReady[800]]).toEqual([2, 8]);
  });
});

describe('replay: holt-winters', () => {
  // Five days of low nights and high days; a node carries 10.
  const days = traceOf(
    Array.from({ length: 5 * 1_440 }, (_, k) => (k % 1_440 < 720 ? 20 : 80)),
    MINUTE_MS,
    1_699_920_000_000,
  );
  const pool = poolOf({ lead_time: '10m', scale_down: { unneeded: '10m', after_scale_up: '0s' } });

  it('has learned when the day begins, which reactive finds out', async () => {
    const own = (await run('holt-winters', days, { pool })).summary;
    const reactive = (await run('reactive', days, { pool })).summary;
    expect(reactive.unmet_demand_share).toBeGreaterThan(0.008);
    expect(own.unmet_demand_share).toBeLessThan(reactive.unmet_demand_share / 2);
  });

  it('pays for its margin', async () => {
    const [none, half] = await Promise.all(
      [0, 0.5].map(async (margin) => (await run('holt-winters', days, { pool, knobs: { margin } })).summary),
    );
    expect(half?.node_steps).toBeGreaterThan(1.3 * (none?.node_steps ?? 0));
  });
});

describe('replay: rules that all baselines share', () => {
  const fall = traceOf(Array.from({ length: 120 }, (_, k) => (k === 60 ? 40 : k < 80 ? 30 : 10)));

  it('lets no node go within after_scale_up of an order', async () => {
    // Ordered at 60, Ready at 63; the fourth is spare from 66 on, and may leave at 80.
    const pool = poolOf({ lead_time: '3m', scale_down: { unneeded: '5m', after_scale_up: '20m' } });
    const { timeline } = await run('reactive', fall, { pool });
    expect([3, 19, 20].map((row) => timeline.nodesReady[row])).toEqual([4, 4, 3]);
  });

  it('keeps a node while it is paid for anyway', async () => {
    const pool = poolOf({ lead_time: '3m', scale_down: { unneeded: '5m', after_scale_up: '0s', min_billing: '30m' } });
    const { timeline } = await run('reactive', fall, { pool });
    // The dearest and oldest go first; the one of minute 60 is not among them before minute 90.
    expect(timeline.nodesReady[29]).toBeGreaterThanOrEqual(1);
    expect(timeline.nodesReady[31]).toBe(1);
  });

  it('holds nodes that carry load where it is spread', async () => {
    const at = async (utilisationBelow: number) =>
      (
        await run('reactive', traceOf(Array.from({ length: 120 }, (_, k) => (k < 80 ? 40 : 25))), {
          knobs: { utilisationBelow },
        })
      ).timeline.nodesReady.at(-1);
    expect(await at(1)).toBe(3);
    expect(await at(0.5)).toBe(5);
  });
});

describe('replay: prices', () => {
  const offering = { instance_type: 'm', zone: 'a', usd_per_hour: 0.2 };
  const pool = poolOf({ offerings: [offering, { ...offering, zone: 'b', usd_per_hour: 0.3 }] });
  const flat = traceOf(Array.from({ length: 120 }, () => 20));
  const change = { instanceType: 'm', region: null, capacityType: 'on_demand' } as const;

  it('bills machines, and the oracle, at the price of each time', async () => {
    const fromMs = flat.timesMs[90] as number as number;
    const prices = [{ ...change, zone: null, fromMs, usdPerHour: 0.5 }];
    const { timeline, summary } = await run('static', flat, { pool, prices });
    expect([29, 30].map((row) => timeline.usdPerHour[row])).toEqual([0.4, 1]);
    expect(summary.usd).toBeCloseTo(0.5 * 0.4 + 0.5 * 1, 9);
    expect(summary.cost_ratio).toBeCloseTo(1, 6);
  });

  it('has policies buy what is cheapest then', async () => {
    const jump = traceOf(Array.from({ length: 120 }, (_, k) => (k < 70 ? 10 : 20)));
    const prices = [{ ...change, zone: 'a', fromMs: flat.timesMs[65] as number, usdPerHour: 0.9 }];
    const { timeline } = await run('reactive', jump, { pool, prices });
    expect(timeline.usdPerHour.at(-1)).toBeCloseTo(0.9 + 0.3, 9);
  });
});

describe('replay: faults', () => {
  const offerings = [
    { instance_type: 'm', usd_per_hour: 0.2 },
    { instance_type: 'm', capacity_type: 'spot', usd_per_hour: 0.06 },
  ];
  const faulty: Partial<ReplayFaults> = { createFailureShare: 0.2, spotReclaimsPerHour: 0.3 };

  it('counts refused creations and reclaimed machines, and the same seed gives the same run', async () => {
    const pool = poolOf({ offerings, spot: { share: 0.7 } });
    const results = [];
    for (const seed of [1, 1, 2]) results.push((await run('forescale', SAW, { pool, seed, faults: faulty })).summary);
    expect(results[0]).toMatchObject({ create_failures: expect.any(Number), policy: 'forescale' });
    expect(results[0]?.create_failures).toBeGreaterThan(0);
    expect(results[0]?.spot_interruptions).toBeGreaterThan(0);
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).not.toEqual(results[0]);
  });

  it('bills the oracle at the prices that the spot share allows', async () => {
    const pool = poolOf({ offerings, spot: { share: 0.5, on_demand_base: 2 } });
    const { summary } = await run('oracle', traceOf(Array.from({ length: 60 }, () => 60)), { pool, historyShare: 0 });
    // 6 nodes: 0.5 x (6 - 2) = 2 of them spot, for an hour.
    expect(summary.usd).toBeCloseTo(4 * 0.2 + 2 * 0.06, 9);
  });

  it('pays for a node until its drain is over', async () => {
    const fall = traceOf(Array.from({ length: 60 }, (_, k) => (k < 40 ? 20 : 10)));
    const pool = poolOf({ scale_down: { unneeded: '1m', after_scale_up: '0s' } });
    const { timeline } = await run('reactive', fall, { pool, faults: { drainMs: 3 * MINUTE_MS } });
    const from = 40 - 30;
    expect([...timeline.nodesDraining.slice(from - 1, from + 5)]).toEqual([0, 1, 1, 1, 0, 0]);
  });
});

describe('replay: bad input', () => {
  it.each([
    { what: 'no samples', trace: traceOf([]), overrides: {}, message: 'no samples' },
    {
      what: 'a span of centuries',
      trace: { timesMs: Float64Array.of(0, 4e12), values: Float64Array.of(1, 1) },
      overrides: {},
      message: 'allowed: at most',
    },
    {
      what: 'no capacity',
      trace: SAW,
      overrides: { pool: poolOf({ signals: [{ name: 'load' }] }) },
      message: 'capacity_per_node',
    },
    { what: 'no scored part', trace: SAW, overrides: { historyShare: 1 }, message: 'history share' },
  ])('$what: one line that says what is allowed', async ({ trace, overrides, message }) => {
    await expect(run('static', trace, overrides)).rejects.toThrow(message);
  });

  it.each([
    { what: 'one row', values: [42] },
    { what: 'all zeros', values: Array.from({ length: 300 }, () => 0) },
    { what: 'negative values', values: Array.from({ length: 300 }, (_, k) => -k) },
  ])('$what: a finite answer', async ({ values }) => {
    for (const policy of POLICY_NAMES) {
      const { summary } = await run(policy, traceOf(values), { forecaster: periodicForecaster(traceOf(values), 60) });
      for (const value of Object.values(summary))
        if (typeof value === 'number') expect(value).toSatisfy(Number.isFinite);
    }
  });

  it('stops when the caller says so', async () => {
    const onProgress = () => Promise.reject(new Error('stopped'));
    await expect(run('reactive', traceOf(new Array(2_000).fill(1)), { onProgress })).rejects.toThrow('stopped');
  });
});

it('writes a timeline with one row for each scored step', async () => {
  const { timeline } = await run('static', traceOf([10, 10, 25, 30], MINUTE_MS, 0));
  expect([...timelineCsv(timeline)].join('')).toBe(
    'timestamp,demand,capacity_ready,nodes_ready,nodes_starting,nodes_draining,nodes_spot,nodes_desired,usd_per_hour\n' +
      '120,25,10,1,0,0,0,1,0.1\n180,30,10,1,0,0,0,1,0.1\n',
  );
});
