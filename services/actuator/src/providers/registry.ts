import type { SingleProviderConfig } from '@forescale/shared/config';
import type { KubeConfig } from '@forescale/shared/kubernetes';
import type { Clock } from '@forescale/shared/time';
import type { MachineProvider } from './port.ts';

/** How fast and how often a provider may be called, and the name under which its calls share one breaker. */
export interface ProviderAccess {
  /** The account or end point: pools with the same key share limits and breakers. */
  readonly key: string;
  readonly concurrency: number;
  readonly ratePerSecond: number | null;
}

/** What providers work with besides their configuration. */
export interface ProviderParts {
  /** Of the waits between the calls of one operation. */
  readonly clock: Clock;
  /** The cluster that is scaled; null where there is none. */
  readonly kube: KubeConfig | null;
}

/** Opens the provider that the configuration names. Each is loaded only where it is used. */
export async function openProvider(config: SingleProviderConfig, parts: ProviderParts): Promise<MachineProvider> {
  switch (config.kind) {
    case 'none':
      return new (await import('./none/provider.ts')).NoProvider();
    case 'simulated':
      return new (await import('./simulated/provider.ts')).SimulatedProvider(config);
    case 'buffer':
      return new (await import('./buffer/provider.ts')).BufferProvider(config, parts);
    case 'clusterapi':
      return new (await import('./clusterapi/provider.ts')).ClusterApiProvider(config, parts);
    case 'externalgrpc':
      return await (await import('./externalgrpc/provider.ts')).openExternalGrpc(config, parts.clock);
    case 'aws':
      return await (await import('./aws/open.ts')).openAws(config, parts.clock);
    case 'gcp':
      return await (await import('./gcp/provider.ts')).openGcp(config, parts.clock);
    case 'azure':
      return await (await import('./azure/open.ts')).openAzure(config, parts.clock);
    case 'hetzner':
      return new (await import('./hetzner/provider.ts')).HetznerProvider(config);
    case 'docker':
      return await (await import('./docker/open.ts')).openDocker(config, parts);
  }
}

export function providerAccess(config: SingleProviderConfig): ProviderAccess {
  if (config.kind === 'none') return { key: 'none', concurrency: 1, ratePerSecond: null };
  const { concurrency, ratePerSecond } = config;
  return { key: `${config.kind} ${accountOf(config)}`, concurrency, ratePerSecond };
}

/** What tells the end point or account of a provider from others of its kind. */
export function accountOf(config: Exclude<SingleProviderConfig, { kind: 'none' }>): string {
  switch (config.kind) {
    case 'simulated':
      return config.url;
    case 'buffer':
      return 'of this cluster';
    case 'clusterapi':
      return `${config.kubeconfig ?? 'this cluster'} ${config.context ?? ''}`.trim();
    case 'externalgrpc':
      return config.address;
    case 'aws':
      return config.endpoints.ec2 ?? 'account';
    case 'gcp':
      return `${config.project} ${config.endpoint}`;
    case 'azure':
      return `${config.endpoint} ${config.subscriptionId.toLowerCase()}`;
    case 'hetzner':
      return `${config.url.replace(/\/$/, '')} ${config.tokenFile}`;
    case 'docker':
      return config.url;
  }
}
