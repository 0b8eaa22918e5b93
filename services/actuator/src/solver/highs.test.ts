import { seededRandom } from '@forescale/shared/time';
import { beforeAll, describe, expect, it } from 'vitest';
import { EMPTY_MEMORY } from '../plan/index.ts';
import { cheapestMix, type Gap, type IntegerProgram, type MixSolver } from '../plan/mix.ts';
import { rankedUsdPerHour, startShopping } from '../plan/offerings.ts';
import { plan } from '../plan/plan.ts';
import { NOON, poolOf, stateOf } from '../plan/plan-state.test-data.ts';
import { NO_SHARES } from '../plan/shares.ts';
import { loadSolver, type Solved } from './highs.ts';
import { offeringsFrom } from './offerings.test-data.ts';

const INFINITE = Number.POSITIVE_INFINITY;
let solveFully: (program: IntegerProgram) => Solved;
let solve: MixSolver;

beforeAll(async () => {
  solveFully = await loadSolver();
  solve = (program) => solveFully(program).counts;
});

const SIGNALS = ['requested-cpu', 'requested-memory', 'requested-pods'].map((name) => ({ name }));

function stateFor(cores: number, memoryGi: number, pods: number) {
  const values = { 'requested-cpu': cores * 1_000, 'requested-memory': memoryGi * 2 ** 30, 'requested-pods': pods };
  const readings = Object.entries(values).map(([signal, value]) => ({ signal, timeMs: NOON, value }));
  return stateOf(null, { readings });
}

type Bought = ReturnType<typeof plan>;
const usdOf = ({ actions }: Bought) =>
  actions.reduce((sum, one) => sum + (one.kind === 'create' ? one.count * rankedUsdPerHour(one.offering) : 0), 0);

describe('the exact mix', () => {
  it('is the cheapest of all mixes, as counted one by one', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const pool = poolOf({ offerings: offeringsFrom(seed, 4), signals: SIGNALS, spot: { share: 1 } });
      const random = seededRandom(seed);
      const shares = { ...NO_SHARES, cpu: 0.3 + 12 * random.next(), memory: 0.2 + 9 * random.next() };
      const gap: Gap = { shares, nodes: 0, nodesMax: 6, usdPerHourMax: INFINITE };
      const shopping = startShopping(pool, pool.spot, EMPTY_MEMORY, NOON, []);
      let least = INFINITE;
      const all = shopping.candidates;
      const count = (index: number, nodes: number, usd: number, cpu: number, memory: number): void => {
        if (cpu >= shares.cpu && memory >= shares.memory) least = Math.min(least, usd);
        const one = all[index];
        if (one === undefined || nodes === 6) return;
        count(index + 1, nodes, usd, cpu, memory);
        count(index, nodes + 1, usd + rankedUsdPerHour(one.offering), cpu + one.shares.cpu, memory + one.shares.memory);
      };
      count(0, 0, 0, 0, 0);
      const mix = cheapestMix(shopping, gap, solve);
      const usd = mix === null ? INFINITE : mix.reduce((sum, one) => sum + rankedUsdPerHour(one), 0);
      expect(usd, `seed ${seed}`).toBeLessThanOrEqual(least * (1 + 1e-4));
    }
  });

  it.each([
    { policy: 'on demand alone', spot: {}, gapMax: 0.15 },
    { policy: 'spot within its bounds', spot: { share: 0.7, on_demand_base: 2, risk_max: 0.1 }, gapMax: 0.4 },
  ])('is found for 300 offerings within 2,000 branch nodes, and costs no more than one by one: $policy', (one) => {
    const gaps: number[] = [];
    let branchNodes = 0;
    const counting: MixSolver = (program) => {
      const solved = solveFully(program);
      branchNodes = Math.max(branchNodes, solved.branchNodes);
      expect(solved.counts).not.toBeNull();
      return solved.counts;
    };
    for (let seed = 1; seed <= 10; seed++) {
      const random = seededRandom(1_000 + seed);
      const pool = poolOf({
        offerings: offeringsFrom(seed, 300),
        signals: SIGNALS,
        bounds: { min_nodes: 1, max_nodes: 60 },
        spot: one.spot,
      });
      const state = stateFor(200 * random.next(), 800 * random.next(), 3_000 * random.next());
      const mixed = plan(state, [], pool, NOON, counting);
      expect(mixed.report.boundBy, `seed ${seed}`).toBeNull();
      const exact = usdOf(mixed);
      const oneByOne = plan(state, [], pool, NOON);
      // With 60 nodes at most, one by one may not get there at all.
      if (oneByOne.report.boundBy !== null) continue;
      const greedy = usdOf(oneByOne);
      expect(exact, `seed ${seed}`).toBeLessThanOrEqual(greedy + 1e-9);
      gaps.push(greedy / exact - 1);
    }
    expect(gaps.length).toBeGreaterThan(7);
    // Measured: 14 % more on demand alone (33 % at worst), 23 % more within the bounds on spot (46 %); 79 branch nodes.
    const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
    expect(mean).toBeLessThan(one.gapMax);
    expect(branchNodes).toBeLessThan(2_000);
  });
});
