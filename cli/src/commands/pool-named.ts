import type { PoolConfig, SignalConfig } from '@forescale/shared/config';
import { signalOf } from '@forescale/simulator/replay';
import { UsageError } from '../output/usage.ts';

/** The pool of that name; the first where none is named. */
export function poolNamed(pools: readonly PoolConfig[], option: string, name: string | undefined): PoolConfig {
  const pool = name === undefined ? pools[0] : pools.find((one) => one.name === name);
  if (pool) return pool;
  throw new UsageError(`${option} = ${JSON.stringify(name)}; allowed: ${pools.map((one) => one.name).join(', ')}`);
}

/** The signal of that name; where none is named the pool's own before those that Kubernetes gives to every pool. */
export function signalNamed(pool: PoolConfig, option: string, name: string | undefined): SignalConfig {
  const signal = name === undefined ? signalOf(pool) : pool.signals.find((one) => one.name === name);
  if (signal) return signal;
  throw new UsageError(
    `${option} = ${JSON.stringify(name)}; allowed: ${pool.signals.map((one) => one.name).join(', ')}`,
  );
}
