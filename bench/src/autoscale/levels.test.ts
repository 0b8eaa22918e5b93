import { describe, expect, it } from 'vitest';
import { bestOf, frontOf, geometricMean, type Scored } from './levels.ts';
import { loadOf } from './replay-run.ts';
import { meansOf } from './report.ts';

const load = loadOf('flat', {
  timesMs: Float64Array.from({ length: 400 }, (_, k) => 60_000 * k),
  values: new Float64Array(400).fill(100),
});

function scored(policy: 'forescale' | 'reactive' | 'target', unmetDemandShare: number, nodeSteps: number): Scored {
  return {
    trace: 'flat',
    bootSeconds: 180,
    policy,
    knob: 'headroom',
    setting: 0,
    unneededMinutes: 10,
    unmetDemandShare,
    shortageTimeShare: 0,
    nodeSteps,
    costRatio: 1,
    nodesCreated: 0,
  };
}

// 200 steps of 40 nodes, of which each carries 1/40 of the demand: dropping one costs 1/8000 of it.
const BOUND = { 0.005: 8_000 - 40, 0.002: 8_000 - 16, 0.001: 8_000 - 8 };

describe('levels: the least that a policy pays', () => {
  it('takes the cheapest setting that misses no more, over the bound that misses as much', () => {
    const runs = [
      scored('reactive', 0.0015, 9_000),
      scored('reactive', 0.0009, 9_500),
      scored('reactive', 0.01, 8_100),
    ];
    const bests = bestOf(load, [...runs, scored('forescale', 0.0005, 8_500)]);
    const ratios = bests.filter(({ policy }) => policy === 'reactive').map(({ ratio }) => ratio);
    expect(ratios).toEqual([9_000 / BOUND[0.005], 9_000 / BOUND[0.002], 9_500 / BOUND[0.001]]);
    expect(bests[1]).toMatchObject({ policy: 'forescale', ratio: 8_500 / BOUND[0.005] });
    expect(bests[1]?.excessOfReactive).toBeCloseTo(540 / 1_040, 9);
  });

  it('compares at the lowest level that reactive reaches, where it does not reach the one asked for', () => {
    const bests = bestOf(load, [
      scored('reactive', 0.002, 9_000),
      scored('forescale', 0.0019, 8_200),
      scored('target', 0.003, 8_100),
    ]);
    const at = bests.filter(({ level }) => level === 0.001);
    expect(at.map(({ unmet }) => unmet)).toEqual([0.002, 0.002, 0.002]);
    expect(at.map(({ ratio }) => ratio)).toEqual([9_000 / BOUND[0.002], 8_200 / BOUND[0.002], null]);
    expect(meansOf(bests)).toEqual([
      { policy: 'reactive', mean: 1, worst: 1, unreached: 0 },
      { policy: 'forescale', mean: expect.closeTo(0.218, 2), worst: expect.any(Number), unreached: 0 },
      { policy: 'target', mean: expect.closeTo(0.126, 3), worst: expect.any(Number), unreached: 2 },
    ]);
  });

  it('counts a level that a policy does not reach as the least that it leaves unmet, over the bound there', () => {
    const bests = bestOf(load, [
      scored('reactive', 0.0009, 9_000),
      scored('target', 0.004, 8_800),
      scored('target', 0.0045, 8_300),
    ]);
    const target = bests.filter(({ policy }) => policy === 'target');
    // At 0.5 % the second will do. At 0.1 % the first counts, which misses 32 of 8000 node-steps.
    expect(target.map(({ ratio }) => ratio)).toEqual([8_300 / BOUND[0.005], null, null]);
    const excess = 8_800 / (8_000 - 32) - 1;
    expect(target[2]?.excessCounted).toBeCloseTo(excess / (9_000 / BOUND[0.001] - 1), 9);
    const [, mean] = meansOf(bests);
    expect(mean).toMatchObject({ policy: 'target', unreached: 2 });
    expect(mean?.worst).toBeCloseTo(target[2]?.excessCounted ?? 0, 2);
  });
});

it('a front holds no run that another betters in both', () => {
  const runs = [
    scored('target', 0.1, 10),
    scored('target', 0.01, 20),
    scored('target', 0.05, 30),
    scored('target', 0, 40),
  ];
  expect(frontOf(runs).map(({ nodeSteps }) => nodeSteps)).toEqual([40, 20, 10]);
});

it('the mean is geometric: 0.5 and 2 make 1', () => {
  expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12);
});
