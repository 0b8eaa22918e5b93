import { boundsAt, type PoolConfig } from '@forescale/shared/config';

const MINUTE_MS = 60_000;

/** A setting of a pool that can be tried out. */
export interface Knob {
  readonly name: string;
  /** Of its values; empty where they are numbers of nothing. */
  readonly unit: '' | 'min' | 'nodes';
  /** As it is configured; of bounds, in force at `nowMs`. */
  current(pool: PoolConfig, nowMs: number): number;
  /** Ascending; what is configured is one of them, too. */
  readonly values: readonly number[];
  /** The pool as it would be. */
  turned(pool: PoolConfig, value: number): PoolConfig;
}

export const KNOBS: readonly Knob[] = [
  {
    name: 'shortage_cost_ratio',
    unit: '',
    current: (pool) => pool.shortageCostRatio,
    values: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000],
    turned: (pool, shortageCostRatio) => ({ ...pool, shortageCostRatio }),
  },
  {
    name: 'scale_down.unneeded',
    unit: 'min',
    current: (pool) => pool.scaleDown.unneededMs / MINUTE_MS,
    values: [1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120],
    turned: (pool, minutes) => ({ ...pool, scaleDown: { ...pool.scaleDown, unneededMs: minutes * MINUTE_MS } }),
  },
  {
    name: 'min_nodes',
    unit: 'nodes',
    current: (pool, nowMs) => boundsAt(pool, nowMs, null).minNodes.value,
    values: [0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 30, 40, 50],
    turned: withMinNodes,
  },
];

/** What a user may choose from: the known values, and the one that is configured; of nodes, no more than are allowed. */
export function valuesOf(knob: Knob, pool: PoolConfig, nowMs: number): readonly number[] {
  const current = knob.current(pool, nowMs);
  const most = knob.name === 'min_nodes' ? boundsAt(pool, nowMs, null).maxNodes.value : Number.POSITIVE_INFINITY;
  const values = knob.values.filter((value) => value <= most);
  return [...new Set([...values, current])].toSorted((a, b) => a - b);
}

/** At all times: where a policy of an hour says another minimum, it is this one then. */
function withMinNodes(pool: PoolConfig, minNodes: number): PoolConfig {
  const above = (max: number) => Math.max(max, minNodes);
  return {
    ...pool,
    bounds: { ...pool.bounds, minNodes, maxNodes: above(pool.bounds.maxNodes) },
    policies: pool.policies.map((policy) => ({
      ...policy,
      minNodes: policy.minNodes === null ? null : minNodes,
      maxNodes: policy.maxNodes === null ? null : above(policy.maxNodes),
    })),
  };
}
