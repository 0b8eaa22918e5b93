import loadHighs from 'highs';
import type { IntegerProgram, MixSolver } from '../plan/index.ts';

/** The package declares its types as those of its CommonJS half, of which the loader is a field; here it is the module. */
const load = loadHighs as unknown as typeof loadHighs.default;

/** A limit that gives the same answer on every machine; the one in seconds only guards against what nobody foresaw. */
const BRANCH_NODES_MAX = 2_000;
const SECONDS_MAX = 5;

/** A mix that costs within this share of the least is the least: a cent on a hundred dollars an hour. */
const GAP = 1e-4;

/**
 * What HiGHS tries before and beside the search pays for large programmes. One of a plan has some 100 columns and ten
 * rows: without it 300 offerings take about 30 ms instead of 300.
 */
const OPTIONS = {
  output_flag: false,
  mip_max_nodes: BRANCH_NODES_MAX,
  mip_rel_gap: GAP,
  time_limit: SECONDS_MAX,
  random_seed: 1,
  mip_heuristic_run_feasibility_jump: false,
  mip_heuristic_run_rins: false,
  mip_heuristic_run_rens: false,
  mip_detect_symmetry: false,
  mip_allow_restart: false,
};

/** What a programme came to. `counts` null: none is proved best. */
export interface Solved {
  readonly counts: readonly number[] | null;
  readonly branchNodes: number;
}

/** HiGHS, compiled to WebAssembly: loading takes a moment and 50 MB, solving is synchronous. */
export async function loadSolver(): Promise<(program: IntegerProgram) => Solved> {
  const highs = await load();
  return (program) =>
    highs.withModel(modelOf(program, highs.infinity), (model) => {
      model.options.set(OPTIONS);
      const { modelStatus } = model.run();
      const isBest = modelStatus === highs.constants.modelStatus.optimal;
      return {
        counts: isBest ? [...model.getSolution().colValue].map((count) => Math.max(0, Math.round(count))) : null,
        branchNodes: isBest ? Number(model.info.get('mip_node_count')) : BRANCH_NODES_MAX,
      };
    });
}

/** The port that a plan takes. Whatever the solver throws counts as no answer: the greedy bound goes on. */
export async function loadMixSolver(): Promise<MixSolver> {
  const solve = await loadSolver();
  return (program) => {
    try {
      return solve(program).counts;
    } catch {
      return null;
    }
  };
}

/** Column by column, as HiGHS takes it; every column is a whole number from 0 up. */
function modelOf({ costs, rows }: IntegerProgram, infinity: number) {
  const starts = [0];
  const indices: number[] = [];
  const values: number[] = [];
  for (let column = 0; column < costs.length; column++) {
    for (const [row, { coefficients }] of rows.entries()) {
      const value = coefficients[column] ?? 0;
      if (value === 0) continue;
      indices.push(row);
      values.push(value);
    }
    starts.push(values.length);
  }
  const bound = (value: number) => (Number.isFinite(value) ? value : Math.sign(value) * infinity);
  const all = (value: number) => new Float64Array(costs.length).fill(value);
  return {
    numCols: costs.length,
    numRows: rows.length,
    colCost: [...costs],
    colLower: all(0),
    colUpper: all(infinity),
    rowLower: rows.map(({ lower }) => bound(lower)),
    rowUpper: rows.map(({ upper }) => bound(upper)),
    matrix: { format: 'csc' as const, numRows: rows.length, numCols: costs.length, starts, indices, values },
    integrality: new Int32Array(costs.length).fill(1),
  };
}
