export { type Bounds, boundsAt, type Override, type Sourced } from './bounds.ts';
export { calendarOf } from './calendar.ts';
export { ConfigError } from './errors.ts';
export { loadConfig, parseConfig } from './parse.ts';
export type { WindowPolicy } from './policy-schema.ts';
export {
  DEFAULT_SIGNALS,
  type ForecastConfig,
  INTERRUPTION_BANDS,
  type OfferingConfig,
  POOL_LABEL,
  type PoolConfig,
  type ScaleDownConfig,
  type SignalConfig,
  type SpotConfig,
} from './pool-schema.ts';
export type { HetznerConfig } from './providers/hetzner.ts';
export { type ProviderConfig, providersOf, type SingleProviderConfig } from './providers/index.ts';
export type { JoinConfig } from './providers/join.ts';
export type { Config } from './schema.ts';
export { maskSecrets } from './secrets.ts';
export type { SimulationConfig } from './simulation-schema.ts';
