import type { PoolConfig } from '@forescale/shared/config';
import type { PlanState, SignalCapacity } from './types.ts';

/** The pool as this plan takes it: signals that declare no `capacity_per_node` have the learned one where there is one. */
export function withLearnedCapacities(pool: PoolConfig, { capacities }: PlanState): PoolConfig {
  if (capacities === undefined || capacities.length === 0) return pool;
  const learned = new Map(capacities.map((one) => [one.signal, one.perNode]));
  const signals = pool.signals.map((signal) => ({
    ...signal,
    capacityPerNode: signal.capacityPerNode ?? learned.get(signal.name) ?? null,
  }));
  return { ...pool, signals };
}

/** What a node carries of every signal, and where that is known from. */
export function capacitiesOf(configured: PoolConfig, { capacities = [] }: PlanState): SignalCapacity[] {
  return configured.signals.map(({ name, capacityPerNode }) => {
    if (capacityPerNode !== null) return { signal: name, perNode: capacityPerNode, from: 'declared', why: 'declared' };
    const learned = capacities.find((one) => one.signal === name);
    const why = learned?.why ?? 'no capacity_per_node';
    const perNode = learned?.perNode ?? null;
    return { signal: name, perNode, from: perNode === null ? 'unknown' : 'learned', why };
  });
}
