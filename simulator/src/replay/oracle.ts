import { offeringsOf, spotNodesMax, unitsOf } from '@forescale/actuator/plan';
import type { PoolConfig } from '@forescale/shared/config';
import { upperBound } from '@forescale/shared/domain';

/** Nodes that the demand needs with perfect foresight: whole ones, and at least `least`. */
export function nodesNeeded(demand: number, capacityPerNode: number, least: number): number {
  return Math.max(least, Math.ceil(demand / capacityPerNode));
}

/**
 * The steps in which one node fewer would do, given that at most `unmetMax` of the demand may go unmet in total. Of
 * every step the last node is on offer (never the `least` first ones); it costs the demand that it alone carries. The
 * cheapest go first: with 2.1, 3.5 and 1.9 nodes needed they cost 0.1, 0.5 and 0.9 node's worth, so an allowance of
 * 0.7 drops the first two.
 */
export function stepsToDrop(
  demand: Float64Array,
  capacityPerNode: number,
  least: number,
  unmetMax: number,
): { readonly dropped: number; readonly lossMax: number } {
  const sorted = sortedLosses(demand, capacityPerNode, least);
  let sum = 0;
  let dropped = 0;
  while (dropped < sorted.length && sum + (sorted[dropped] as number) <= unmetMax) sum += sorted[dropped++] as number;
  return { dropped, lossMax: dropped === 0 ? Number.NEGATIVE_INFINITY : (sorted[dropped - 1] as number) };
}

/** What dropping the last node costs in each step that has one to drop, cheapest first. */
function sortedLosses(demand: Float64Array, capacityPerNode: number, least: number): Float64Array {
  const losses = new Float64Array(demand.length);
  let count = 0;
  for (const value of demand) {
    const nodes = nodesNeeded(value, capacityPerNode, least);
    if (nodes > least) losses[count++] = value - (nodes - 1) * capacityPerNode;
  }
  return losses.subarray(0, count).sort();
}

/** The least node-steps for any allowance of unmet demand, as `oracleBound` counts them; sorts once for all questions. */
export function boundCurve(demand: Float64Array, capacityPerNode: number, least: number): (unmetMax: number) => number {
  const sums = sortedLosses(demand, capacityPerNode, least);
  for (let i = 1; i < sums.length; i++) sums[i] = (sums[i] as number) + (sums[i - 1] as number);
  const all = demand.reduce((sum, value) => sum + nodesNeeded(value, capacityPerNode, least), 0);
  return (unmetMax) => all - upperBound(sums, unmetMax);
}

export interface OracleBound {
  readonly nodeSteps: number;
  readonly usd: number;
}

/** The least that leaves at most `unmetMax` of the demand unmet, billed for exactly the steps of need, at their prices. */
export function oracleBound(
  demand: Float64Array,
  stepMs: number,
  capacityPerNode: number,
  poolAt: (row: number) => PoolConfig,
  unmetMax: number,
): OracleBound {
  const least = leastNodes(poolAt(0));
  const { dropped, lossMax } = stepsToDrop(demand, capacityPerNode, least, unmetMax);
  const hours = stepMs / 3_600_000;
  let nodeSteps = 0;
  let usd = 0;
  let left = dropped;
  for (const [row, value] of demand.entries()) {
    let nodes = nodesNeeded(value, capacityPerNode, least);
    if (left > 0 && nodes > least && value - (nodes - 1) * capacityPerNode <= lossMax) {
      nodes--;
      left--;
    }
    nodeSteps += nodes;
    usd += usdPerHourOf(nodes, poolAt(row)) * hours;
  }
  return { nodeSteps, usd };
}

/** A pool that may go down to none may be empty in the bound too. */
export function leastNodes(pool: PoolConfig): number {
  return Math.min(1, pool.bounds.minNodes);
}

/** What `nodes` template nodes cost at the cheapest prices that the policy's spot share allows. */
export function usdPerHourOf(nodes: number, pool: PoolConfig): number {
  let onDemand = Number.POSITIVE_INFINITY;
  let spot = Number.POSITIVE_INFINITY;
  for (const offering of offeringsOf(pool)) {
    const usdPerUnit = offering.usdPerHour / unitsOf(offering.allocatable, pool.template.allocatable);
    if (offering.capacityType === 'spot') spot = Math.min(spot, usdPerUnit);
    else onDemand = Math.min(onDemand, usdPerUnit);
  }
  const spotNodes =
    onDemand === Number.POSITIVE_INFINITY ? nodes : spot < onDemand ? spotNodesMax(pool.spot, nodes) : 0;
  return (nodes > spotNodes ? (nodes - spotNodes) * onDemand : 0) + (spotNodes > 0 ? spotNodes * spot : 0);
}
