import { describe, expect, it } from 'vitest';
import { loadOf, replayRun } from './replay-run.ts';

const START_MS = 1_699_999_980_000;
/** Two days of exact arithmetic: a saw of period 101, lifted in every second two hours. */
const values = Float64Array.from(
  { length: 2_880 },
  (_, k) => ((k * 37) % 101) * 0.5 + 60 + 40 * (Math.floor(k / 120) % 2),
);
const saw = loadOf('saw', { timesMs: values.map((_, k) => START_MS + 60_000 * k), values });

it('a node carries 1/40 of the 99.5th percentile', () => {
  expect(saw.capacityPerNode).toBe(3.7375);
  expect(saw.scoredFrom).toBe(1_440);
});

describe('reactive agrees with the reference replay, step for step', () => {
  // Node-steps, unmet demand and shortage time of the reference, in a folder that holds replay.py:
  //   python3 - <<'E'
  //   import replay, tempfile
  //   f = tempfile.NamedTemporaryFile("w", suffix=".csv")
  //   f.write("timestamp,value\n" + "".join(
  //       f"{1699999980 + 60 * k},{k * 37 % 101 * 0.5 + 60 + 40 * (k // 120 % 2)}\n" for k in range(2880))); f.flush()
  //   _, d, cap = replay.demand(f.name)
  //   for boot, head, un in [(180,0,600),(180,-.1,60),(180,.05,300),(600,.1,1800),(600,.3,7200),(600,3,60)]:
  //       R, S = replay.reactive(d, cap, boot, head, un); u, s, c = replay.score(d[1440:], cap, R[1440:], S[1440:])
  //       print(boot, head, un, u, s, c, replay.bound(d[1440:], cap, u))
  //   E
  it.each([
    {
      boot: 180,
      headroom: 0,
      unneeded: 10,
      unmet: 0.004229149310376754,
      short: 0.08402777777777778,
      steps: 50_270,
      bound: 40_478,
    },
    { boot: 180, headroom: -0.1, unneeded: 1, unmet: 0.1824017964586557, short: 1, steps: 39_806, bound: 39_746 },
    {
      boot: 180,
      headroom: 0.05,
      unneeded: 5,
      unmet: 0.0018497672604170807,
      short: 0.010416666666666666,
      steps: 51_149,
      bound: 40_716,
    },
    {
      boot: 600,
      headroom: 0.1,
      unneeded: 30,
      unmet: 0.0033236468705782805,
      short: 0.025694444444444443,
      steps: 57_506,
      bound: 40_558,
    },
    {
      boot: 600,
      headroom: 0.3,
      unneeded: 120,
      unmet: 6.578860369474118e-5,
      short: 0.002777777777777778,
      steps: 75_257,
      bound: 41_101,
    },
    { boot: 600, headroom: 3, unneeded: 1, unmet: 0, short: 0, steps: 183_400, bound: 41_186 },
  ])('boot $boot s, headroom $headroom, unneeded $unneeded min', async (known) => {
    const run = {
      trace: 'saw',
      bootSeconds: known.boot,
      policy: 'reactive',
      knob: 'headroom',
      setting: known.headroom,
      unneededMinutes: known.unneeded,
    } as const;
    const { summary } = await replayRun(saw, run, null);
    expect(summary.node_steps).toBe(known.steps);
    expect(summary.unmet_demand_share).toBeCloseTo(known.unmet, 7);
    expect(summary.shortage_time_share).toBeCloseTo(known.short, 7);
    expect(summary.cost_ratio).toBeCloseTo(known.steps / known.bound, 5);
  });
});
