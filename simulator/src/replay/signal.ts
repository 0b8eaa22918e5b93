import { DEFAULT_SIGNALS, type PoolConfig, type SignalConfig } from '@forescale/shared/config';
import { ReplayError } from './errors.ts';

/** The signal that the trace is taken for: the pool's own before those that Kubernetes gives to every pool. */
export function signalOf(pool: PoolConfig): SignalConfig & { readonly capacityPerNode: number } {
  const derived: readonly string[] = DEFAULT_SIGNALS;
  const known = pool.signals.filter((one) => one.capacityPerNode !== null);
  const signal = known.find((one) => !derived.includes(one.name)) ?? known[0];
  if (signal?.capacityPerNode == null) {
    throw new ReplayError(`pool ${pool.name}: no signal with capacity_per_node; allowed: at least one`);
  }
  return { ...signal, capacityPerNode: signal.capacityPerNode };
}
