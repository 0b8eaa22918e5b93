import { seededRandom } from '@forescale/shared/time';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeptCapacity, keepCapacity } from './keep-capacity.ts';
import { type CapacitySample, learnCapacity } from './learn-capacity.ts';
import { plan } from './plan.ts';
import { forecastOf, NOON, poolOf, stateOf } from './plan-state.test-data.ts';

const GIB = 2 ** 30;
const ROOM = { cpuMillicores: 4_000, memoryBytes: 16 * GIB, pods: 110, gpus: 0 };
const DAY_MS = 86_400_000;

interface History {
  readonly count: number;
  /** By the number of the sample. */
  readonly load: (i: number) => number;
  readonly perPod: number;
  readonly cpuPerPod: number;
  readonly memoryPerPod: number;
  readonly basePods: number;
  /** Standard deviation of the signal, as a share. */
  readonly noise: number;
  /** Every so many samples the signal is nonsense; 0: never. */
  readonly outlierEvery: number;
  readonly seed: number;
}

/** A day in cells of ten minutes: the load swings between 200 and 1000, and pods of 500 mCPU serve 20 of it each. */
function historyOf(overrides: Partial<History> = {}): CapacitySample[] {
  const history: History = {
    count: 144,
    load: (i) => 600 + 400 * Math.sin((2 * Math.PI * i) / 144),
    perPod: 20,
    cpuPerPod: 500,
    memoryPerPod: GIB,
    basePods: 0,
    noise: 0,
    outlierEvery: 0,
    seed: 1,
    ...overrides,
  };
  const random = seededRandom(history.seed);
  // The sum of 12 uniform numbers less 6: about normal.
  const normal = () => Array.from({ length: 12 }, () => random.next()).reduce((sum, one) => sum + one, -6);
  return Array.from({ length: history.count }, (_, i) => {
    const load = history.load(i);
    const pods = Math.ceil(load / history.perPod) + history.basePods;
    const isOutlier = history.outlierEvery > 0 && i % history.outlierEvery === 3;
    const value = isOutlier ? 5_000 * random.next() : Math.max(0, load * (1 + history.noise * normal()));
    const requested = { cpuMillicores: pods * history.cpuPerPod, memoryBytes: pods * history.memoryPerPod, pods };
    return { value, requested };
  });
}

describe('learned capacity', () => {
  it('is what fits of the scarcest resource: 8 pods of 20 by CPU, 16 by memory, 110 by count', () => {
    const { perNode, why } = learnCapacity(historyOf(), ROOM);
    expect(perNode).toBeGreaterThan(160 * 0.95);
    expect(perNode).toBeLessThanOrEqual(160);
    expect(why).toMatch(/^144 samples of ten minutes, R² (1\.00|0\.99) over requested-cpu$/);
    const byMemory = learnCapacity(historyOf({ memoryPerPod: 4 * GIB }), ROOM);
    expect(byMemory.perNode).toBeGreaterThan(80 * 0.95);
    expect(byMemory.why).toContain('over requested-memory');
  });

  it('recovers the true value within 5 % where one sample in ten is nonsense and the rest is noisy by 5 %', () => {
    const seeds = Array.from({ length: 50 }, (_, i) => i + 1);
    for (const seed of seeds) {
      const { perNode } = learnCapacity(historyOf({ outlierEvery: 10, noise: 0.05, seed }), ROOM);
      expect(Math.abs((perNode ?? 0) / 160 - 1), `seed ${seed}`).toBeLessThan(0.05);
    }
  });

  it('has room for a base that carries nothing: at the height of the load the nodes are those of all requests', () => {
    const history = historyOf({ basePods: 10 });
    const { perNode } = learnCapacity(history, ROOM);
    const height = 1_000;
    const nodes = (Math.ceil(height / 20) + 10) / 8;
    expect(height / (perNode ?? 0) / nodes).toBeGreaterThan(0.97);
    expect(height / (perNode ?? 0) / nodes).toBeLessThan(1.06);
  });

  it.each<{ what: string; samples: CapacitySample[]; why: RegExp }>([
    { what: 'a constant load', samples: historyOf({ load: () => 500 }), why: /^the signal never changed$/ },
    {
      what: 'a load that hardly varies',
      samples: historyOf({ load: (i) => 500 + (i % 5) }),
      why: /^requested-cpu varied by 4 %, less than 10 %;/,
    },
    {
      what: 'too short a history',
      samples: historyOf({ count: 23 }),
      why: /^23 samples of ten minutes, fewer than 24$/,
    },
    {
      what: 'requests that fall as the signal rises',
      samples: historyOf().map((one) => ({ ...one, value: 2_000 - one.value })),
      why: /requested-cpu does not rise with the signal/,
    },
    {
      what: 'a base that is most of what is requested',
      samples: historyOf({ basePods: 80 }),
      why: /requested-cpu follows the signal by \d+ % only, less than 50 %/,
    },
    {
      what: 'nothing requested',
      samples: historyOf({ cpuPerPod: 0 }).map((one) => ({
        ...one,
        requested: { cpuMillicores: 0, memoryBytes: 0, pods: 0 },
      })),
      why: /^requested-cpu was mostly 0; requested-memory was mostly 0; requested-pods was mostly 0$/,
    },
  ])('is refused by name for $what', ({ samples, why }) => {
    const verdict = learnCapacity(samples, ROOM);
    expect(verdict.perNode).toBeNull();
    expect(verdict.why).toMatch(why);
  });

  it('is refused for noise, whichever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const random = seededRandom(seed);
        const samples = historyOf().map((one) => ({ ...one, value: 1_000 * random.next() }));
        const { perNode, why } = learnCapacity(samples, ROOM);
        expect(perNode).toBeNull();
        expect(why).toMatch(/does not (explain the signal: R² 0\.\d\d < 0\.7|rise with the signal)/);
      }),
      { numRuns: 100 },
    );
  });
});

describe('keeping what was learned', () => {
  const kept: KeptCapacity = { perNode: 100, confirmedMs: NOON - DAY_MS, why: 'before' };
  it.each([
    { what: 'near the one in use', learned: 109, keeps: 100, confirmed: NOON },
    { what: 'off by more', learned: 112, keeps: 112, confirmed: NOON },
    { what: 'refused', learned: null, keeps: 100, confirmed: NOON - DAY_MS },
  ])('a value that is $what', ({ learned, keeps, confirmed }) => {
    expect(
      keepCapacity(kept, { perNode: learned, why: 'now' } as Parameters<typeof keepCapacity>[1], NOON),
    ).toMatchObject({
      perNode: keeps,
      confirmedMs: confirmed,
    });
  });

  it('ends seven days after it was last confirmed', () => {
    const refused = { perNode: null, why: 'constant' };
    expect(keepCapacity(kept, refused, NOON + 6 * DAY_MS)).toBe(kept);
    expect(keepCapacity(kept, refused, NOON + 6 * DAY_MS + 1)).toBeNull();
    expect(keepCapacity(null, refused, NOON)).toBeNull();
  });

  it('gives one value, or two at most, on a week of days that differ by their noise', () => {
    let now: KeptCapacity | null = null;
    const used = new Set<number>();
    for (let day = 1; day <= 7; day++) {
      const samples = historyOf({ outlierEvery: 10, noise: 0.1, seed: day });
      now = keepCapacity(now, learnCapacity(samples, ROOM), NOON + day * DAY_MS);
      used.add(now?.perNode ?? 0);
    }
    expect(used.size).toBe(1);
  });
});

describe('plan: capacity', () => {
  const pool = poolOf({ signals: [{ name: 'rps' }, { name: 'requested-cpu' }] });
  const readings = [
    { signal: 'rps', timeMs: NOON, value: 420 },
    { signal: 'requested-cpu', timeMs: NOON, value: 9_000 },
  ];

  it('that was learned turns a signal into nodes, observed and forecast, and the report says from what', () => {
    const capacities = [{ signal: 'rps', perNode: 100, why: '144 samples' }];
    const { report } = plan(stateOf(null, { readings, capacities }), [forecastOf(650)], pool, NOON);
    expect(report).toMatchObject({ need: 7, needFrom: 'forecast:rps' });
    expect(report.needs.map((one) => [one.source, one.nodes])).toContainEqual(['observed:rps', 5]);
    expect(report.capacities).toEqual([
      { signal: 'rps', perNode: 100, from: 'learned', why: '144 samples' },
      { signal: 'requested-cpu', perNode: 4_000, from: 'declared', why: 'declared' },
    ]);
  });

  it('that could not be learned leaves the signal out, with the reason', () => {
    const capacities = [{ signal: 'rps', perNode: null, why: 'the signal never changed' }];
    const { report } = plan(stateOf(null, { readings, capacities }), [], pool, NOON);
    expect(report).toMatchObject({ need: 3, needFrom: 'observed:requested-cpu' });
    expect(report.reasons).toContainEqual({
      code: 'signal-without-capacity',
      text: 'rps: no capacity_per_node, and none learned: the signal never changed; ignored',
    });
  });

  it('that is declared is not replaced by a learned one', () => {
    const capacities = [{ signal: 'rps', perNode: 1, why: 'wrong' }];
    const { report } = plan(stateOf(420, { capacities }), [], poolOf(), NOON);
    expect(report).toMatchObject({ need: 5 });
  });
});
