export { type Bounds, boundsAt, type Override, type Sourced } from './bounds.ts';
export { calendarOf } from './calendar.ts';
export { ConfigError } from './errors.ts';
export { CLOUDS, type MachinesConfig, RESERVATIONS } from './machines-schema.ts';
export {
  INTERRUPTION_BANDS,
  NO_PRICE,
  type OfferingConfig,
  type PriceOrigin,
  priceOriginSchema,
} from './offering-schema.ts';
export { loadConfig, parseConfig } from './parse.ts';
export type { WindowPolicy } from './policy-schema.ts';
export {
  DEFAULT_SIGNALS,
  type ForecastConfig,
  POOL_LABEL,
  type PoolConfig,
  type ScaleDownConfig,
  type SignalConfig,
  type SpotConfig,
} from './pool-schema.ts';
export type { AwsConfig } from './providers/aws.ts';
export type { AzureConfig, AzureGroupConfig, AzureMachinesConfig } from './providers/azure.ts';
export type { DockerConfig } from './providers/docker.ts';
export type { ExternalGrpcConfig } from './providers/externalgrpc.ts';
export type { GcpConfig, GcpMachinesConfig } from './providers/gcp.ts';
export type { HetznerConfig } from './providers/hetzner.ts';
export { type ProviderConfig, providersOf, type SingleProviderConfig } from './providers/index.ts';
export type { JoinConfig } from './providers/join.ts';
export type { ScalerConfig } from './scaler-schema.ts';
export type { Config } from './schema.ts';
export { maskSecrets } from './secrets.ts';
export type { SimulationConfig } from './simulation-schema.ts';
export { type SourcesConfig, signalsOfNoPool } from './sources/index.ts';
export type { PrometheusConfig } from './sources/prometheus.ts';
export type { OtlpConfig } from './sources/push.ts';
